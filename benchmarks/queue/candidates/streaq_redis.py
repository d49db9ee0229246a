"""streaq: Redis streams through coredis and anyio."""

import asyncio
import json
from collections.abc import Sequence

import redis
from streaq import Worker

from benchmarks.queue.candidates.base import CONCURRENCY, LEASE_SECONDS, MAX_DELIVERIES, Candidate, Counts, Handler


class StreaqRedis(Candidate):
    """The smallest prefetch that streaq takes is one beside what runs."""

    prefetch = 1

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self._client = redis.Redis(port=port, decode_responses=True)
        prefix = "streaq:map"
        self._stream, self._delayed = f"{prefix}:queues:normal", f"{prefix}:queues:delayed:normal"

    def _worker(self) -> "Worker[None]":
        return Worker(
            redis_url=f"redis://127.0.0.1:{self.port}",
            concurrency=CONCURRENCY,
            prefetch=self.prefetch,
            queue_name="map",
            serializer=json.dumps,
            deserializer=json.loads,
            idle_timeout=LEASE_SECONDS,
            grace_period=60,
        )

    def put(self, process_ids: Sequence[str], delay_seconds: float = 0) -> None:
        async def enqueue() -> None:
            worker = self._worker()
            async with worker:
                tasks = []
                for process_id in process_ids:
                    task = worker.enqueue_unsafe("process", process_id)
                    task.id = process_id
                    tasks.append(task.start(delay=round(delay_seconds)) if delay_seconds else task)
                await worker.enqueue_many(tasks)

        asyncio.run(enqueue())

    def counts(self) -> Counts:
        pipeline = self._client.pipeline(transaction=True)
        pipeline.xlen(self._stream)
        pipeline.xpending(self._stream, "workers")
        pipeline.zcard(self._delayed)
        total, pending, delayed = pipeline.execute(raise_on_error=False)
        reserved = pending["pending"] if isinstance(pending, dict) else 0
        return Counts(total - reserved, reserved, delayed)

    def serve(self, handler: Handler) -> None:
        worker = self._worker()
        worker.task(name="process", max_tries=MAX_DELIVERIES, silent=True, ttl=0)(handler)
        worker.run_sync()


class StreaqPrefetching(StreaqRedis):
    """With the prefetch that streaq takes by default: as many again as run."""

    prefetch = CONCURRENCY
