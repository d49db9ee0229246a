"""A key of the queue that is deleted or evicted holds up nothing, and a refusal of Redis is told as what it is."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from patchbay_runtime.queue import Delivery, Observer, Pace, ProcessQueue, run_worker
from patchbay_runtime.queue.consumer import Consumer
from patchbay_runtime.queue.scripts import shape_keys
from patchbay_runtime.tasks import running

from tests.runtime.queue_workers import until
from tests.runtime.servers import Server

STREAM, QUEUED, DELAYED, *_ = shape_keys("map")
WAITING, TURNS, ENDS, OLDEST, WAKE, _DEAD = shape_keys("map")[6:]


@pytest.fixture
async def queue(lone_redis: Server) -> AsyncIterator[ProcessQueue]:
    queue = ProcessQueue.connect(lone_redis.host, lone_redis.port, None, ["map"])
    yield queue
    await queue.close()


async def taken(queue: ProcessQueue, count: int = 100) -> list[str]:
    reserved = await Consumer(queue.redis, "map", "worker").reserve(count, 0.01)
    return [reservation.delivery.process_id for reservation in reserved]


async def test_a_tenant_whose_waiting_processes_are_gone_holds_up_nobody(queue: ProcessQueue) -> None:
    await queue.put("map", "another", ["gone-1", "gone-2"])
    await queue.redis.delete(WAITING)
    await queue.put("map", "example", ["p-1", "p-2"])
    assert await taken(queue) == ["p-1", "p-2"]
    counts = (await queue.counts())["map"]
    assert (counts.waiting, counts.oldest_wait_seconds) == (0, 0)


@pytest.mark.parametrize("keys", [[TURNS], [TURNS, OLDEST], [TURNS, ENDS, OLDEST, WAKE]])
async def test_all_that_waits_is_taken_in_turns_after_its_turns_are_gone(queue: ProcessQueue, keys: list[str]) -> None:
    for tenant in ("one", "one-more", "two"):
        await queue.put("map", tenant, [f"{tenant}-{number}" for number in range(3)])
    await queue.redis.delete(*keys)
    order = await taken(queue)
    assert order == [f"{tenant}-{number}" for number in range(3) for tenant in ("one", "one-more", "two")]


async def test_a_tenant_whose_turn_is_gone_has_it_again_with_the_next_put(queue: ProcessQueue) -> None:
    """Also with one that changes nothing, such as the reconciler's, which puts all that waits for long."""
    await queue.put("map", "one", ["one-1", "one-2"])
    await queue.put("map", "two", ["two-1", "two-2"])
    await queue.redis.zrem(TURNS, "two")
    await queue.put("map", "two", ["two-1"])
    assert await taken(queue) == ["one-1", "two-1", "one-2", "two-2"]


@pytest.mark.parametrize("key", [WAITING, DELAYED, STREAM])
async def test_a_process_that_the_queue_has_lost_is_queued_when_it_is_put_again(queue: ProcessQueue, key: str) -> None:
    processes = ["p-1", "p-2"]
    await queue.put("map", "example", processes, delay_seconds=600 if key == DELAYED else 0)
    if key == STREAM:
        assert await taken(queue) == processes
    await queue.put("map", "another", ["other"])
    await queue.redis.delete(key)
    await queue.put("map", "example", processes)
    await queue.put("map", "example", processes)
    assert [process for process in await taken(queue) if process != "other"] == processes


@dataclass
class Noted(Observer):
    """What a worker's loop tells of Redis."""

    answers: list[bool] = field(default_factory=list)

    def redis_answers(self, answers: bool) -> None:
        self.answers.append(answers)


async def test_a_refused_script_is_told_as_such_and_the_worker_goes_on_after_it(
    queue: ProcessQueue, caplog: pytest.LogCaptureFixture
) -> None:
    began = asyncio.Event()
    noted = Noted()

    async def handle(_: Delivery) -> None:
        began.set()

    async def on_dead_letter(_: Delivery, _reason: str) -> None:
        raise AssertionError("nothing fails here")

    def refusals() -> list[str]:
        return [line.getMessage() for line in caplog.records if line.levelno == logging.ERROR]

    await queue.redis.set(TURNS, "of another type")
    stop, pace = asyncio.Event(), Pace(reclaim=0.1)
    work = run_worker(
        queue, "map", 8, handler=handle, on_dead_letter=on_dead_letter, stop=stop, observer=noted, pace=pace
    )
    async with running(work):
        await until(lambda: len(refusals()) > 1, 60, "the refusal is told")
        await queue.redis.delete(TURNS)
        await queue.put("map", "example", ["p-1"])
        async with asyncio.timeout(60):
            await began.wait()
        stop.set()
    assert all("WRONGTYPE" in refusal for refusal in refusals())
    assert "Redis is away" not in caplog.text
    assert all(noted.answers)
