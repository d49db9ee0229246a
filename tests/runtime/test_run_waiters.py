"""Who waits for the end of a run learns of it at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
from patchbay_runtime.api import run_waiters
from patchbay_runtime.api.run_waiters import RunWaiters
from patchbay_runtime.storage import run_repository
from redis.asyncio import Redis


async def test_an_end_that_is_told_while_the_database_is_asked_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    class Looks:
        @asynccontextmanager
        async def transaction(self, _tenant: str) -> AsyncIterator[None]:
            yield None

    waiters = RunWaiters(cast(Redis, None), cast(Any, Looks()))
    with waiters.expect("example", "run-1") as event:

        async def get_run(_connection: object, _run: str) -> Any:
            nonlocal looks
            looks += 1
            if looks == 1:
                # The end is committed after this read, and told before the wait begins again.
                event.set()
                return SimpleNamespace(status="running")
            return SimpleNamespace(status="completed")

        monkeypatch.setattr(run_repository, "get_run", get_run)
        monkeypatch.setattr(run_waiters, "LOOK_SECONDS", 600)
        event.set()
        async with asyncio.timeout(20):
            state = await waiters.wait("example", "run-1", event, 600)
    assert state is not None
    assert state.status == "completed"
    assert looks == 2
