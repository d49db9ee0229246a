"""Pods of this release and of one that knows nothing of turns work side by side, whichever of them comes later."""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

import pytest
from patchbay_runtime.queue import ProcessQueue, WorkerRecord, register, strike_off
from patchbay_runtime.queue.consumer import Consumer
from patchbay_runtime.queue.register import GONE_SECONDS
from patchbay_runtime.queue.scripts import GROUP, shape_keys, worker_keys

from tests.runtime.servers import Server

STREAM, QUEUED = shape_keys("map")[:2]


@pytest.fixture
async def queue(lone_redis: Server) -> AsyncIterator[ProcessQueue]:
    queue = ProcessQueue.connect(lone_redis.host, lone_redis.port, None, ["map"])
    yield queue
    await queue.close()


def record(name: str) -> WorkerRecord:
    return WorkerRecord(name, "map", "test", 1, 8, time.time(), "running")


async def former_worker_tells_of_itself(queue: ProcessQueue, name: str, seconds_ago: int = 0) -> None:
    """As its release does."""
    seen, records, _ = worker_keys()
    await queue.redis.zadd(seen, {name: (await queue.redis.time())[0] - seconds_ago})
    await queue.redis.hset(records, name, json.dumps(asdict(record(name))))


async def former_worker_takes(queue: ProcessQueue) -> list[str]:
    """As its release does."""
    answer: Any = await queue.redis.xreadgroup(GROUP, "former", {STREAM: ">"}, count=100)
    return [fields["process"] for _, entries in answer for _, fields in entries]


async def put(queue: ProcessQueue) -> list[str]:
    """Processes of two tenants; their order in turns."""
    await queue.put("map", "one", ["one-1", "one-2", "one-3"])
    await queue.put("map", "two", ["two-1", "two-2"])
    return ["one-1", "two-1", "one-2", "two-2", "one-3"]


async def test_what_a_former_release_has_put_is_counted_and_run(queue: ProcessQueue) -> None:
    """It put waiting processes into the stream itself; its pods may go on to, until the last one is replaced."""
    await queue.put("map", "example", ["p-1"])
    entry: Any = await queue.redis.xadd(STREAM, {"process": "former", "tenant": "example", "since": 1_700_000_000_000})
    await queue.redis.hset(QUEUED, "former", f"example {entry}")
    counts = (await queue.counts())["map"]
    assert (counts.waiting, counts.reserved) == (2, 0)
    assert counts.oldest_wait_seconds > 1000
    reserved = await Consumer(queue.redis, "map", "worker").reserve(8, 0.01)
    assert [reservation.delivery.process_id for reservation in reserved] == ["former", "p-1"]
    counts = (await queue.counts())["map"]
    assert (counts.waiting, counts.reserved, counts.oldest_wait_seconds) == (0, 2, 0)


async def test_a_former_worker_finds_all_that_waits_once_it_was_counted(queue: ProcessQueue) -> None:
    """The API counts every two seconds, for Horizon."""
    order = await put(queue)
    for name in ("another", "stopped"):
        await register(queue.redis, record(name))
    await strike_off(queue.redis, "stopped")
    await former_worker_tells_of_itself(queue, "former")
    counts = (await queue.counts())["map"]
    assert (counts.waiting, counts.reserved) == (5, 0)
    assert await former_worker_takes(queue) == order
    counts = (await queue.counts())["map"]
    assert (counts.waiting, counts.reserved) == (0, 5)


async def test_a_former_worker_finds_all_that_waits_once_a_worker_of_this_release_looked_round(
    queue: ProcessQueue,
) -> None:
    """It does so each second; no API of this release may be left."""
    order = await put(queue)
    await former_worker_tells_of_itself(queue, "former")
    assert await Consumer(queue.redis, "map", "worker").reclaim(8, may_take_last=True) == []
    assert await former_worker_takes(queue) == order


async def test_tenants_take_turns_once_the_last_former_worker_is_gone(queue: ProcessQueue) -> None:
    await former_worker_tells_of_itself(queue, "former", seconds_ago=GONE_SECONDS + 1)
    for name in ("one", "two"):
        await register(queue.redis, record(name))
    await strike_off(queue.redis, "one")
    await put(queue)
    await queue.counts()
    assert await former_worker_takes(queue) == []
    assert [worker.name for worker in (await queue.snapshot()).workers] == ["two"]
