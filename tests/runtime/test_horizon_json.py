"""Horizon's routes answer with Horizon's keys and types, and with counts that are right."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from patchbay_runtime.api.errors import add_error_handlers
from patchbay_runtime.catalog import CATALOG
from patchbay_runtime.horizon import horizon_router, snapshot_cache
from patchbay_runtime.queue import Delivery, ProcessQueue, WorkerRecord, register, run_worker

from tests.runtime.queue_workers import until
from tests.runtime.servers import Server, own_redis

HORIZONS_OPTIONS = {
    "balance": str,
    "connection": str,
    "queue": str,
    "backoff": int,
    "force": bool,
    "maxProcesses": int,
    "minProcesses": int,
    "maxTries": int,
    "maxTime": int,
    "maxJobs": int,
    "memory": int,
    "nice": int,
    "name": str,
    "workersName": str,
    "sleep": int,
    "timeout": int,
    "balanceCooldown": int,
    "balanceMaxShift": int,
    "parentId": int,
    "rest": int,
    "autoScalingStrategy": str,
}


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Redis of this module's own."""
    server = own_redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
async def queue(own_server: Server) -> AsyncIterator[ProcessQueue]:
    """An empty queue."""
    queue = ProcessQueue.connect(own_server.host, own_server.port, None, CATALOG)
    await queue.redis.flushall()
    yield queue
    await queue.close()


@pytest.fixture
async def horizon(queue: ProcessQueue) -> AsyncIterator[httpx.AsyncClient]:
    """A client of Horizon's routes."""
    app = FastAPI()
    add_error_handlers(app)

    async def queue_of() -> ProcessQueue:
        return queue

    app.include_router(horizon_router(queue_of, CATALOG))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://horizon/horizon/api") as client:
        yield client


async def get(horizon: httpx.AsyncClient, path: str) -> Any:
    response = await horizon.get(path)
    assert response.status_code == 200, response.text
    return response.json()


def types_of(entry: dict[str, Any]) -> dict[str, type]:
    return {key: type(value) for key, value in entry.items()}


def worker_record(name: str, shape: str, **changes: Any) -> WorkerRecord:
    record = {"environment": "local", "pid": 7, "slots": 8, "started_at": 0.0, "status": "running", **changes}
    return WorkerRecord(name=name, shape=shape, **record)


@asynccontextmanager
async def busy_worker(queue: ProcessQueue, slots: int) -> AsyncIterator[asyncio.Event]:
    """A worker of `map` whose processes end when the event is set."""
    stop, release = asyncio.Event(), asyncio.Event()

    async def handle(delivery: Delivery) -> None:
        if not delivery.process_id.startswith("quick"):
            await release.wait()
        await asyncio.sleep(0.02)

    async def on_dead_letter(delivery: Delivery, reason: str) -> None:
        raise AssertionError(delivery, reason)

    work = run_worker(queue, "map", slots, handler=handle, on_dead_letter=on_dead_letter, stop=stop)
    task = asyncio.create_task(work)
    yield release
    release.set()
    stop.set()
    await task


async def counts_come_to(queue: ProcessQueue, waiting: int, reserved: int) -> None:
    async def there() -> bool:
        counts = (await queue.counts())["map"]
        return (counts.waiting, counts.reserved) == (waiting, reserved)

    await until(there, 20, f"{waiting} wait and {reserved} run")


async def test_the_workload_lists_every_shape_with_horizons_keys_and_the_reserved_and_delayed(
    queue: ProcessQueue, horizon: httpx.AsyncClient
) -> None:
    await register(queue.redis, worker_record("pod-a", "map", slots=2))
    await register(queue.redis, worker_record("pod-b", "map", slots=2))
    await queue.put("map", "example", [f"p-{number}" for number in range(7)])
    await queue.put("map", "example", ["later"], delay_seconds=60)
    async with busy_worker(queue, slots=2):
        await counts_come_to(queue, waiting=5, reserved=2)
        workload = await get(horizon, "/workload")
    assert sorted(entry["name"] for entry in workload) == sorted(CATALOG)
    for entry in workload:
        assert types_of(entry) == {
            "name": str,
            "length": int,
            "wait": int,
            "processes": int,
            "split_queues": type(None),
            "reserved": int,
            "delayed": int,
            "oldest_wait": float,
        }
    of_map = next(entry for entry in workload if entry["name"] == "map")
    assert (of_map["length"], of_map["reserved"], of_map["delayed"], of_map["processes"]) == (5, 2, 1, 4)
    others = [entry for entry in workload if entry["name"] != "map"]
    assert {(entry["length"], entry["reserved"], entry["delayed"], entry["processes"]) for entry in others} == {
        (0, 0, 0, 0)
    }


async def test_the_wait_is_what_waits_times_the_mean_runtime_shared_by_the_slots(
    queue: ProcessQueue, horizon: httpx.AsyncClient
) -> None:
    await register(queue.redis, worker_record("pod-a", "map"))
    await queue.put("map", "example", ["quick-1", "quick-2"])
    async with busy_worker(queue, slots=2):
        await counts_come_to(queue, waiting=0, reserved=0)
    mean_seconds = (await queue.snapshot()).statistics["map"].mean_runtime_ms / 1000
    assert mean_seconds >= 0.02
    waiting = round(3 * 8 / mean_seconds)
    await queue.put("map", "example", [f"p-{number}" for number in range(waiting)])
    workload = await get(horizon, "/workload")
    assert (workload[0]["name"], workload[0]["wait"]) == ("map", 3)
    assert (await get(horizon, "/stats"))["wait"] == {"redis:map": 3}


async def test_the_stats_have_horizons_keys_and_count_what_finished(
    queue: ProcessQueue, horizon: httpx.AsyncClient
) -> None:
    await register(queue.redis, worker_record("pod-a", "map"))
    await register(queue.redis, worker_record("pod-b", "split", status="paused", slots=0))
    await queue.put("map", "example", [f"quick-{number}" for number in range(5)])
    async with busy_worker(queue, slots=8):
        await counts_come_to(queue, waiting=0, reserved=0)
    stats = await get(horizon, "/stats")
    assert types_of(stats) == {
        "failedJobs": int,
        "jobsPerMinute": int,
        "pausedMasters": int,
        "periods": dict,
        "processes": int,
        "queueWithMaxRuntime": str,
        "queueWithMaxThroughput": str,
        "recentJobs": int,
        "status": str,
        "wait": dict,
    }
    assert stats["periods"] == {"failedJobs": 10080, "recentJobs": 60}
    assert (stats["recentJobs"], stats["failedJobs"], stats["processes"]) == (5, 0, 8)
    assert (stats["queueWithMaxRuntime"], stats["queueWithMaxThroughput"]) == ("map", "map")
    assert (stats["status"], stats["pausedMasters"]) == ("running", 1)
    assert stats["jobsPerMinute"] >= 2


async def test_a_dead_letter_counts_as_failed(queue: ProcessQueue, horizon: httpx.AsyncClient) -> None:
    stop = asyncio.Event()

    async def handle(delivery: Delivery) -> None:
        raise ValueError(delivery.process_id)

    async def on_dead_letter(_delivery: Delivery, _reason: str) -> None:
        stop.set()

    await queue.put("map", "example", ["broken"])
    async with asyncio.timeout(20):
        await run_worker(queue, "map", 8, handler=handle, on_dead_letter=on_dead_letter, stop=stop)
    stats = await get(horizon, "/stats")
    assert (stats["failedJobs"], stats["recentJobs"]) == (1, 1)


async def test_without_workers_horizon_is_inactive_and_has_no_masters(horizon: httpx.AsyncClient) -> None:
    stats = await get(horizon, "/stats")
    assert (stats["status"], stats["processes"], stats["pausedMasters"]) == ("inactive", 0, 0)
    assert (stats["queueWithMaxRuntime"], stats["queueWithMaxThroughput"]) == (None, None)
    assert await get(horizon, "/masters") == []


async def test_horizon_is_paused_when_every_worker_is(queue: ProcessQueue, horizon: httpx.AsyncClient) -> None:
    await register(queue.redis, worker_record("pod-a", "map", status="paused", slots=0))
    assert (await get(horizon, "/stats"))["status"] == "paused"


async def test_the_masters_are_the_live_workers_by_name_with_horizons_keys(
    queue: ProcessQueue, horizon: httpx.AsyncClient
) -> None:
    await register(queue.redis, worker_record("pod-b", "split", status="paused", slots=0))
    await register(queue.redis, worker_record("pod-a", "http-connector", environment="staging"))
    masters = await get(horizon, "/masters")
    assert list(masters) == ["pod-a", "pod-b"]
    for name, master in masters.items():
        assert types_of(master) == {
            "name": str,
            "environment": str,
            "pid": str,
            "status": str,
            "supervisors": list,
        }
        assert master["name"] == name
        (supervisor,) = master["supervisors"]
        assert types_of(supervisor) == {
            "name": str,
            "master": str,
            "pid": str,
            "status": str,
            "processes": dict,
            "options": dict,
        }
        assert supervisor["master"] == name
        assert types_of(supervisor["options"]) == HORIZONS_OPTIONS
    assert masters["pod-a"]["environment"] == "staging"
    assert masters["pod-a"]["supervisors"][0]["processes"] == {"redis:http-connector": 8}
    assert masters["pod-a"]["supervisors"][0]["options"]["timeout"] == CATALOG["http-connector"].longest_step_seconds
    assert masters["pod-b"]["supervisors"][0]["status"] == "paused"


async def test_a_worker_that_fell_silent_is_no_longer_a_master(queue: ProcessQueue, horizon: httpx.AsyncClient) -> None:
    await register(queue.redis, worker_record("silent", "map"))
    await register(queue.redis, worker_record("heard", "map"))
    await queue.redis.zincrby("patchbay:queue:workers:seen", -15, "silent")
    assert list(await get(horizon, "/masters")) == ["heard"]


async def test_many_who_ask_at_once_cost_redis_one_look(
    queue: ProcessQueue, horizon: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However long the answers take, none of them is to need a second look.
    monkeypatch.setattr(snapshot_cache, "FRESH_SECONDS", 60)
    # Past the cache, so that Redis has the scripts and the cache has nothing.
    await queue.snapshot()
    await queue.redis.config_resetstat()
    await asyncio.gather(*(get(horizon, path) for path in ("/workload", "/stats", "/masters") * 10))
    calls = (await queue.redis.info("commandstats"))["cmdstat_evalsha"]["calls"]
    assert calls == 2 * len(CATALOG) + 1


async def test_while_redis_is_away_horizon_says_503_and_no_old_counts(
    horizon: httpx.AsyncClient, own_server: Server
) -> None:
    await get(horizon, "/workload")
    await asyncio.to_thread(own_server.stop)
    try:

        async def refused() -> bool:
            return (await horizon.get("/workload")).status_code != 200

        await until(refused, 20, "the cached counts are given up")
        response = await horizon.get("/workload")
        assert response.status_code == 503
        assert response.headers["Retry-After"]
    finally:
        await asyncio.to_thread(own_server.start)
    assert (await horizon.get("/workload")).status_code == 200
