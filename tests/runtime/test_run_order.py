"""Who pages forward through the runs sees each of them once, whatever the clocks of those who started them show."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextvars import ContextVar
from types import SimpleNamespace

import httpx
import pytest
from patchbay_runtime.ids import new_id
from patchbay_runtime.names import tenant_schema
from patchbay_runtime.settings import Settings
from patchbay_runtime.storage import run_order
from patchbay_runtime.storage.engine import create_engine
from sqlalchemy import text

from tests.runtime.conftest import Tenant
from tests.runtime.in_process import api
from tests.runtime.queue_workers import until
from tests.runtime.servers import Mariadb, Server

PATIENCE_SECONDS = 90
PAGE = 7
# Seconds by which the clocks of the pods are off.
CLOCKS = (0, -4, 7, -300)


class Pods:
    """Pods of the API whose clocks differ, and a reader that remembers where it was."""

    def __init__(self, client: httpx.AsyncClient, tenant: Tenant, off: ContextVar[int]) -> None:
        self._client, self._tenant, self._off = client, tenant, off
        self.seen: list[str] = []

    async def start(self, off: int) -> str:
        """A run that is started by a pod whose clock is `off` seconds off."""
        self._off.set(off)
        answer = await self._client.post(f"/hooks/{self._tenant.name}/f", json={})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["run"])

    async def page(self, after: str, limit: int = PAGE) -> list[str]:
        answer = await self._client.get(f"{self._tenant.path}/runs", params={"after": after, "limit": limit})
        assert answer.status_code == 200, answer.text
        return [run["run"] for run in answer.json()["runs"]]

    async def read_on(self) -> None:
        """Go forward to the end of the list."""
        while page := await self.page(self.seen[-1] if self.seen else ""):
            self.seen += page


@pytest.fixture
async def pods(
    tenant: Tenant, settings: Settings, lone_redis: Server, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Pods]:
    off: ContextVar[int] = ContextVar("off", default=0)
    clock = SimpleNamespace(time_ns=lambda: time.time_ns() + off.get() * 10**9)
    monkeypatch.setattr("patchbay_runtime.ids.time", clock)
    tenant.register_steps("f", {"m": {"shape": "map", "config": {"expression": "$"}}})
    async with api(settings.model_copy(update={"redis_port": lone_redis.port})) as client:
        yield Pods(client, tenant, off)


async def test_a_reader_sees_the_run_of_a_pod_whose_clock_is_behind_after_it_has_passed_one_that_is_ahead(
    pods: Pods,
) -> None:
    ahead = await pods.start(7)
    await pods.read_on()
    behind = await pods.start(-4)
    await pods.read_on()
    assert behind < ahead
    assert pods.seen == [ahead, behind]


async def test_readers_who_page_while_pods_start_runs_see_each_once_and_in_the_same_order(pods: Pods) -> None:
    started: list[str] = []
    done = asyncio.Event()

    async def start_many(off: int) -> None:
        started.extend([await pods.start(off) for _ in range(8)])

    async def read_forever(reader: Pods) -> list[str]:
        while not done.is_set():
            await reader.read_on()
            await asyncio.sleep(0.001)
        await reader.read_on()
        return reader.seen

    readers = [Pods(pods._client, pods._tenant, pods._off) for _ in range(3)]
    reading = [asyncio.create_task(read_forever(reader)) for reader in readers]
    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(*(start_many(off) for off in CLOCKS))
        done.set()
        first, *others = await asyncio.gather(*reading)
    assert sorted(first) == sorted(started)
    assert others == [first, first]


async def test_a_run_whose_transaction_takes_longer_than_that_of_a_later_one_is_not_missed(
    pods: Pods, tenant: Tenant, settings: Settings
) -> None:
    engine = create_engine(settings, pool_size=1)
    slow = new_id()
    insert = (
        f"INSERT INTO `{tenant_schema(tenant.name)}`.runs (id, flow, version, status, open_processes)"  # noqa: S608
        " VALUES (:run, 'f', 1, 'running', 1)"
    )
    async with engine.connect() as connection:
        await connection.execute(text(insert), {"run": slow})
        quick = await pods.start(0)
        await pods.read_on()
        assert pods.seen == [quick]
        await connection.commit()
    await engine.dispose()
    await pods.read_on()
    assert slow < quick
    assert pods.seen == [quick, slow]


async def test_a_run_that_was_just_accepted_is_in_the_list_and_its_followers_come_after_it(
    pods: Pods, monkeypatch: pytest.MonkeyPatch
) -> None:
    # More runs have no place than get one at a time.
    monkeypatch.setattr(run_order, "BATCH", PAGE)
    runs = [await pods.start(0) for _ in range(2 * PAGE)]
    assert await pods.page(runs[-1]) == []
    more = [await pods.start(0) for _ in range(2 * PAGE)]
    assert await pods.page(more[-3]) == more[-2:]
    await pods.read_on()
    assert pods.seen == runs + more


async def test_runs_that_nobody_lists_get_their_places_from_the_reconciler(
    pods: Pods, tenant: Tenant, mariadb_server: Mariadb
) -> None:
    for _ in range(3):
        await pods.start(0)
    query = f"SELECT COUNT(*) FROM `{tenant_schema(tenant.name)}`.runs WHERE place IS NULL"  # noqa: S608

    async def none_is_left() -> bool:
        return int(await asyncio.to_thread(mariadb_server.sql, query)) == 0

    await until(none_is_left, PATIENCE_SECONDS, "every run has a place")


async def test_from_an_identifier_that_is_no_runs_the_list_leaves_out_none_above_it(pods: Pods) -> None:
    runs = [await pods.start(off) for off in (0, 7, 0)]
    before = f"{int(runs[0], 16) - 1:032x}"
    assert set(await pods.page(before)) == set(runs)
    assert await pods.page("f" * 32) == []
