"""Waiting for the end of a run, for synchronous triggers."""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from redis.asyncio import Redis

from patchbay_runtime.execution.run_events import CHANNEL, run_key
from patchbay_runtime.queue import REDIS_AWAY
from patchbay_runtime.storage import run_repository
from patchbay_runtime.storage.database import Database

# Word of a run's end may be lost, so the database is asked as well.
LOOK_SECONDS = 1.0
RECONNECT_SECONDS = 0.5

log = logging.getLogger(__name__)


class RunWaiters:
    """Those who wait in this replica."""

    def __init__(self, redis: Redis, database: Database) -> None:
        self._redis = redis
        self._database = database
        self._events: dict[str, set[asyncio.Event]] = {}

    @contextmanager
    def expect(self, tenant: str, run: str) -> Iterator[asyncio.Event]:
        """An event for the run's end; to be taken before the run starts, or its end may be missed."""
        key = run_key(tenant, run)
        event = asyncio.Event()
        self._events.setdefault(key, set()).add(event)
        try:
            yield event
        finally:
            waiting = self._events[key]
            waiting.discard(event)
            if not waiting:
                del self._events[key]

    async def wait(self, tenant: str, run: str, event: asyncio.Event, seconds: float) -> run_repository.RunState | None:
        """The run once it has ended; None if it has not within `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            try:
                async with asyncio.timeout(max(0.0, min(LOOK_SECONDS, left))):
                    await event.wait()
            except TimeoutError:
                pass
            # Before the look: an end that is told from here on wakes the next wait.
            event.clear()
            async with self._database.transaction(tenant) as connection:
                state = await run_repository.get_run(connection, run)
            if state is not None and state.status != "running":
                return state
            if left <= 0:
                return None

    async def listen_forever(self) -> None:
        """Pass on what workers publish, until cancelled."""
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(CHANNEL)
                    while True:
                        message = await channel.get_message(timeout=30.0)
                        if message is not None:
                            self._wake(message["data"])
            except REDIS_AWAY:
                log.debug("no word of ended runs: Redis is away")
            await asyncio.sleep(RECONNECT_SECONDS)

    def _wake(self, key: str) -> None:
        for event in self._events.get(key, ()):
            event.set()
