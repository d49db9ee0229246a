"""A worker process of one candidate; what a process does is in its id: `ok-1`, `sleep:2.5-1`, `poison-1`.

Begins and ends are appended to a journal file, one short line each, so that they outlive the worker and Redis.
"""

import asyncio
import os
import signal
import sys
import time

from benchmarks.queue.candidates import CANDIDATES


def main() -> None:
    name, port, path = sys.argv[1:]
    journal = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(what: str, process_id: str) -> None:
        os.write(journal, f"{what} {process_id} {os.getpid()} {time.time():.4f}\n".encode())

    async def handle(process_id: str) -> None:
        note("begin", process_id)
        if process_id.startswith("poison"):
            os.kill(os.getpid(), signal.SIGKILL)
        if process_id.startswith("sleep:"):
            await asyncio.sleep(float(process_id.removeprefix("sleep:").split("-")[0]))
        note("end", process_id)

    CANDIDATES[name](int(port)).serve(handle)


if __name__ == "__main__":
    main()
