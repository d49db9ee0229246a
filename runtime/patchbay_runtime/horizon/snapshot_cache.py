"""One look at the queue for all who ask at about the same time."""

import asyncio
import time

from patchbay_runtime.queue import ProcessQueue, Snapshot

FRESH_SECONDS = 0.5


class SnapshotCache:
    """Answers from a snapshot that is at most `FRESH_SECONDS` old when it is asked for."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._snapshot: Snapshot | None = None
        self._taken_at = 0.0

    async def get(self, queue: ProcessQueue) -> Snapshot:
        """The snapshot; raises `REDIS_AWAY` rather than give an old one."""
        async with self._lock:
            if self._snapshot is None or time.monotonic() - self._taken_at >= FRESH_SECONDS:
                taken_at = time.monotonic()
                self._snapshot = await queue.snapshot()
                self._taken_at = taken_at
            return self._snapshot
