"""Dramatiq on its Redis broker, with an event loop for asynchronous actors."""

import os
import signal
import threading
from collections.abc import Sequence

from benchmarks.queue.candidates.base import CONCURRENCY, LEASE_SECONDS, Candidate, Counts, Handler

os.environ["dramatiq_queue_prefetch"] = str(CONCURRENCY)  # noqa: SIM112 (the name that Dramatiq reads at its import)

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AsyncIO, Retries


class DramatiqRedis(Candidate):
    """Eight threads feed one event loop; every command (by default one in a thousand) looks for dead workers."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self._broker = RedisBroker(  # type: ignore[no-untyped-call]
            host="127.0.0.1",
            port=port,
            middleware=[AsyncIO(), Retries(max_retries=0)],
            heartbeat_timeout=LEASE_SECONDS * 1000,
            maintenance_chance=1_000_000,
        )
        self._actor = self._make_actor(self._nothing)

    @staticmethod
    async def _nothing(process_id: str) -> None:
        pass

    def _make_actor(self, handler: Handler) -> "dramatiq.Actor[[str], None]":
        self._broker.actors.clear()
        return dramatiq.actor(broker=self._broker, actor_name="process", queue_name="map")(handler)

    def put(self, process_ids: Sequence[str], delay_seconds: float = 0) -> None:
        for process_id in process_ids:
            self._actor.send_with_options(args=(process_id,), delay=round(delay_seconds * 1000) or None)

    def counts(self) -> Counts:
        pipeline = self._broker.client.pipeline(transaction=True)
        pipeline.hlen("dramatiq:map.msgs")
        pipeline.llen("dramatiq:map")
        pipeline.hlen("dramatiq:map.DQ.msgs")
        total, waiting, delayed = pipeline.execute()
        return Counts(waiting, total - waiting, delayed)

    def serve(self, handler: Handler) -> None:
        self._make_actor(handler)
        dramatiq.set_broker(self._broker)
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        worker = dramatiq.Worker(self._broker, worker_threads=CONCURRENCY)
        worker.start()
        while not stop.wait(1):
            pass
        worker.stop(timeout=60_000)
        self._broker.close()
