"""A worker process for the tests of the queue: `python queue_worker_program.py PORT SHAPE JOURNAL PACE`.

What a process does is in its id: `ok-1`; `sleep:2.5-1` sleeps; `held-1` ends once JOURNAL.release is there. A line for
each begin and each end goes to the journal, which outlives the worker; a dead letter is a line too. PACE is JSON.
"""

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

from patchbay_runtime.queue import Delivery, Pace, ProcessQueue, run_worker

CONCURRENCY = 8


def wait_for(file: Path) -> None:
    while not file.exists():
        time.sleep(0.05)


async def main(port: int, shape: str, journal: int, release: Path, pace: Pace) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    queue = ProcessQueue.connect("127.0.0.1", port, None, [shape])

    def note(what: str, delivery: Delivery) -> None:
        line = f"{what} {delivery.process_id} {delivery.tenant} {delivery.deliveries} {os.getpid()}\n"
        os.write(journal, line.encode())

    async def handle(delivery: Delivery) -> None:
        note("begin", delivery)
        if delivery.process_id.startswith("sleep:"):
            await asyncio.sleep(float(delivery.process_id.removeprefix("sleep:").split("-")[0]))
        if delivery.process_id.startswith("held-"):
            await asyncio.to_thread(wait_for, release)
        note("end", delivery)

    async def on_dead_letter(delivery: Delivery, _reason: str) -> None:
        note("dead", delivery)

    await run_worker(queue, shape, CONCURRENCY, handler=handle, on_dead_letter=on_dead_letter, stop=stop, pace=pace)
    await queue.close()


if __name__ == "__main__":
    noted = os.open(sys.argv[3], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    released = Path(f"{sys.argv[3]}.release")
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], noted, released, Pace(**json.loads(sys.argv[4]))))
