"""Tenants take turns at a shape, however much one of them has put, and whichever workers take."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from itertools import combinations

import pytest
from patchbay_runtime.queue import Delivery, Pace, ProcessQueue, run_worker
from patchbay_runtime.queue.consumer import Consumer
from patchbay_runtime.queue.scripts import shape_keys
from patchbay_runtime.tasks import running

from tests.runtime.queue_workers import until
from tests.runtime.servers import Server

# Start-time fair queueing serves two that both wait all the time equally but for one process of each (Goyal, Vin,
# Cheng: "Start-time fair queueing", SIGCOMM 1996, theorem 1, with equal weights and processes of length 1).
MOST_AHEAD = 2
# Longer than any test takes.
LONG_SECONDS = 600
_DELAYED = shape_keys("map")[2]


@pytest.fixture
async def queue(lone_redis: Server) -> AsyncIterator[ProcessQueue]:
    queue = ProcessQueue.connect(lone_redis.host, lone_redis.port, None, ["map"])
    yield queue
    await queue.close()


def patient(server: Server) -> ProcessQueue:
    """A queue whose client waits for an answer for as long as an idle worker does."""
    return ProcessQueue.connect(server.host, server.port, None, ["map"], answer_seconds=2 * LONG_SECONDS)


async def until_blocked(queue: ProcessQueue, workers: int) -> None:
    """So many idle workers wait to be woken."""

    async def are_idle() -> bool:
        return bool((await queue.redis.info("clients"))["blocked_clients"] == workers)

    await until(are_idle, 60, f"{workers} workers wait")


def consumers(queue: ProcessQueue, number: int) -> list[Consumer]:
    return [Consumer(queue.redis, "map", f"worker-{one}") for one in range(number)]


async def put(queue: ProcessQueue, tenant: str, number: int) -> None:
    await queue.put("map", tenant, [f"{tenant}-{one:04}" for one in range(number)])


async def taken(consumer: Consumer, count: int = 1) -> list[Delivery]:
    """What the worker gets when it has so many slots free."""
    return [reservation.delivery for reservation in await consumer.reserve(count, 0.01)]


async def all_taken(queue: ProcessQueue, workers: int, slots: int) -> list[str]:
    """The tenants of everything that waits, in the order in which workers take it in turns."""
    order: list[str] = []
    while True:
        found = [one for consumer in consumers(queue, workers) for one in await taken(consumer, slots)]
        if not found:
            return order
        order += [delivery.tenant for delivery in found]


def furthest_ahead(order: Sequence[str], waiting: dict[str, int]) -> int:
    """By how many processes, at the most, one got more than another in a time in which both waited."""
    most = 0
    for one, other in combinations(waiting, 2):
        done: Counter[str] = Counter()
        lead = [0]
        for tenant in order:
            done[tenant] += 1
            if done[one] >= waiting[one] or done[other] >= waiting[other]:
                break
            lead.append(done[one] - done[other])
        most = max(most, max(lead) - min(lead))
    return most


async def test_a_tenants_few_processes_do_not_wait_for_anothers_thousands(queue: ProcessQueue) -> None:
    await put(queue, "flood", 3000)
    (consumer,) = consumers(queue, 1)
    for _ in range(20):
        await taken(consumer, 8)
    await put(queue, "usual", 5)
    order = [delivery.tenant for _ in range(12) for delivery in await taken(consumer)]
    assert order.count("usual") == 5, order


@pytest.mark.parametrize(("workers", "slots"), [(1, 1), (1, 8), (3, 5)])
async def test_tenants_that_wait_get_the_same_at_every_position(queue: ProcessQueue, workers: int, slots: int) -> None:
    waiting = {"first": 400, "second": 300, "third": 350}
    for tenant, number in waiting.items():
        await put(queue, tenant, number)
    order = await all_taken(queue, workers, slots)
    assert Counter(order) == waiting
    assert furthest_ahead(order, waiting) <= MOST_AHEAD


@pytest.mark.parametrize("seed", range(5))
async def test_they_get_the_same_whenever_they_put_and_however_much(queue: ProcessQueue, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test's own, the same at each run
    tenants = [f"tenant-{number}" for number in range(6)]
    consumer = consumers(queue, 1)[0]
    put_so_far: Counter[str] = Counter()
    got: Counter[str] = Counter()
    # Since when a pair both wait without a break, and what each had got by then.
    both: dict[tuple[str, str], tuple[int, int]] = {}
    for _ in range(400):
        if chance.random() < 0.3:
            tenant, number = chance.choice(tenants), chance.choice([1, 2, 40])
            names = [f"{tenant}-{put_so_far[tenant] + one}" for one in range(number)]
            await queue.put("map", tenant, names)
            put_so_far[tenant] += number
        for pair in combinations(tenants, 2):
            if all(put_so_far[one] > got[one] for one in pair):
                both.setdefault(pair, (got[pair[0]], got[pair[1]]))
            else:
                both.pop(pair, None)
        got.update(delivery.tenant for delivery in await taken(consumer, chance.choice([1, 1, 3])))
        for (one, other), (of_one, of_other) in both.items():
            if put_so_far[one] > got[one] and put_so_far[other] > got[other]:
                assert abs((got[one] - of_one) - (got[other] - of_other)) <= MOST_AHEAD
    assert sum(got.values()) > 300


async def test_a_tenant_that_always_comes_back_with_one_gets_no_more_than_its_share(queue: ProcessQueue) -> None:
    for tenant in ("one", "two"):
        await put(queue, tenant, 300)
    (consumer,) = consumers(queue, 1)
    got: Counter[str] = Counter()
    for number in range(300):
        if got["returning"] == got["put"]:
            await queue.put("map", "returning", [f"returning-{number}"])
            got["put"] += 1
        got.update(delivery.tenant for delivery in await taken(consumer))
    assert got["returning"] <= 100 + MOST_AHEAD


async def test_a_tenants_own_processes_are_taken_in_the_order_of_their_time(queue: ProcessQueue) -> None:
    await queue.put("map", "example", ["first"])
    await queue.put("map", "example", ["due"], delay_seconds=0.05)
    due = await queue.redis.zscore(_DELAYED, "due")
    assert due

    async def is_past() -> bool:
        seconds, microseconds = await queue.redis.time()
        return bool(seconds * 1000 + microseconds // 1000 > float(due))

    await until(is_past, 30, "the delayed one is due")
    later = ["later-1", "later-2"]
    await queue.put("map", "example", later)
    (consumer,) = consumers(queue, 1)
    await queue.counts()  # whoever counts brings in what is due
    assert [delivery.process_id for delivery in await taken(consumer, 8)] == ["first", "due", *later]


async def test_what_a_stopping_worker_gives_back_is_the_next_of_its_tenant(queue: ProcessQueue) -> None:
    await put(queue, "example", 3)
    stopping, other = consumers(queue, 2)
    reserved = await stopping.reserve(1, 0.01)
    await stopping.release(reservation.entry for reservation in reserved)
    assert [one.process_id for one in await taken(other, 8)] == ["example-0000", "example-0001", "example-0002"]


async def release_of(consumer: Consumer, count: int) -> None:
    """A worker reserves so many, and gives all of them back."""
    await consumer.release([reservation.entry for reservation in await consumer.reserve(count, 0.01)])


@pytest.mark.parametrize("number", [1, 3])
async def test_what_is_given_back_costs_its_tenant_no_turn(queue: ProcessQueue, number: int) -> None:
    await put(queue, "one", number)
    await put(queue, "two", 3)
    stopping, other = consumers(queue, 2)
    await release_of(stopping, 1)
    order = [delivery.process_id for delivery in await taken(other, 8)]
    assert order[:3] == ["one-0000", "two-0000", "one-0001" if number > 1 else "two-0001"]


async def test_what_is_given_back_does_not_overtake_who_has_come_meanwhile(queue: ProcessQueue) -> None:
    await put(queue, "one", 20)
    stopping, other = consumers(queue, 2)
    held = await stopping.reserve(8, 0.01)
    await put(queue, "two", 4)
    await stopping.release([reservation.entry for reservation in held])
    order = [delivery.tenant for delivery in await taken(other, 8)]
    assert order == ["one", "two"] * 4


async def test_the_oldest_wait_is_that_of_whichever_process_waits_longest(queue: ProcessQueue) -> None:
    (consumer,) = consumers(queue, 1)
    await queue.put("map", "first", ["p-1"])
    await asyncio.sleep(0.3)
    await queue.put("map", "first", ["p-2"])
    await queue.put("map", "another", ["p-3"])
    looked_at = time.monotonic()
    before = (await queue.counts())["map"].oldest_wait_seconds
    assert before >= 0.3
    assert {delivery.process_id for delivery in await taken(consumer, 2)} == {"p-1", "p-3"}
    after = (await queue.counts())["map"].oldest_wait_seconds
    assert 0 <= after <= before - 0.3 + time.monotonic() - looked_at
    await taken(consumer)
    assert (await queue.counts())["map"].oldest_wait_seconds == 0


async def test_an_idle_worker_is_woken_by_a_process(lone_redis: Server) -> None:
    """It looks by itself only after a time that is longer than this test."""
    began = asyncio.Event()

    async def handle(_: Delivery) -> None:
        began.set()

    async def on_dead_letter(_: Delivery, _reason: str) -> None:
        raise AssertionError("nothing fails here")

    queue = patient(lone_redis)
    pace, never = Pace(reclaim=LONG_SECONDS), asyncio.Event()
    work = run_worker(queue, "map", 8, handler=handle, on_dead_letter=on_dead_letter, stop=never, pace=pace)
    async with running(work):
        await until_blocked(queue, 1)
        await put(queue, "example", 1)
        async with asyncio.timeout(60):
            await began.wait()
    await queue.close()


async def test_many_put_at_once_wake_as_many_idle_workers(lone_redis: Server) -> None:
    """They look by themselves only after a time that is longer than this test."""
    queue = patient(lone_redis)
    waits = [asyncio.create_task(consumer.reserve(1, LONG_SECONDS)) for consumer in consumers(queue, 80)]
    await until_blocked(queue, len(waits))
    await put(queue, "example", len(waits))
    async with asyncio.timeout(60):
        reserved = await asyncio.gather(*waits)
    assert len({one.delivery.process_id for found in reserved for one in found}) == len(waits)
    await queue.close()
