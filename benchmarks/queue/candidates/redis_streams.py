"""Redis streams with a consumer group, through redis-py: `patchbay_runtime.queue`."""

import asyncio
import signal
from collections.abc import Sequence

from patchbay_runtime.queue import Delivery, ProcessQueue, run_worker

from benchmarks.queue.candidates.base import CONCURRENCY, Candidate, Counts, Handler

SHAPE = "map"


class RedisStreams(Candidate):
    """The project's own queue."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self._loop = asyncio.new_event_loop()
        self._queue = ProcessQueue.connect("127.0.0.1", port, None, [SHAPE])

    def put(self, process_ids: Sequence[str], delay_seconds: float = 0) -> None:
        self._loop.run_until_complete(self._queue.put(SHAPE, "example", process_ids, delay_seconds))

    def counts(self) -> Counts:
        counts = self._loop.run_until_complete(self._queue.counts())[SHAPE]
        return Counts(counts.waiting, counts.reserved, counts.delayed)

    def serve(self, handler: Handler) -> None:
        async def work() -> None:
            stop = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

            async def handle(delivery: Delivery) -> None:
                await handler(delivery.process_id)

            async def forget(delivery: Delivery, reason: str) -> None:
                pass

            queue = ProcessQueue.connect("127.0.0.1", self.port, None, [SHAPE])
            await run_worker(queue, SHAPE, CONCURRENCY, handler=handle, on_dead_letter=forget, stop=stop)
            await queue.close()

        asyncio.run(work())
