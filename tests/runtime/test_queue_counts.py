"""Every process is counted once, in one state, at any instant."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
from patchbay_runtime.queue import (
    Delivery,
    Handler,
    Observer,
    Outcome,
    ProcessQueue,
    ShapeCounts,
    UnavailableError,
    run_worker,
)

from tests.runtime.servers import Server, own_redis

SHAPES = ["map", "split"]


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Redis of this module's own."""
    server = own_redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
async def queue(own_server: Server) -> AsyncIterator[ProcessQueue]:
    """An empty queue."""
    queue = ProcessQueue.connect(own_server.host, own_server.port, None, SHAPES)
    await queue.redis.flushall()
    yield queue
    await queue.close()


@asynccontextmanager
async def worker(
    queue: ProcessQueue, handler: Handler, observer: Observer | None = None
) -> AsyncIterator[list[tuple[Delivery, str]]]:
    """A worker of `map` in this event loop; gives the list of its dead letters."""
    stop = asyncio.Event()
    dead: list[tuple[Delivery, str]] = []

    async def on_dead_letter(delivery: Delivery, reason: str) -> None:
        dead.append((delivery, reason))

    work = run_worker(queue, "map", 8, handler=handler, on_dead_letter=on_dead_letter, stop=stop, observer=observer)
    task = asyncio.create_task(work)
    yield dead
    stop.set()
    await task


async def counts_until(queue: ProcessQueue, holds: Callable[[ShapeCounts], bool], seconds: float = 20) -> ShapeCounts:
    """The counts of `map` as soon as they are as wanted."""
    async with asyncio.timeout(seconds):
        while True:
            counts = (await queue.counts())["map"]
            if holds(counts):
                return counts
            await asyncio.sleep(0.01)


def states(counts: ShapeCounts) -> tuple[int, int, int]:
    return counts.waiting, counts.reserved, counts.delayed


async def test_every_shape_is_counted_even_without_processes(queue: ProcessQueue) -> None:
    await queue.put("split", "example", ["a", "b"])
    counts = await queue.counts()
    assert counts["map"] == ShapeCounts(0, 0, 0, 0.0)
    assert states(counts["split"]) == (2, 0, 0)
    assert list(counts) == SHAPES


async def test_a_process_is_queued_once_however_often_it_is_put(queue: ProcessQueue) -> None:
    handled: list[str] = []
    release = asyncio.Event()

    async def handle(delivery: Delivery) -> None:
        handled.append(delivery.process_id)
        await release.wait()

    for _ in range(3):
        await queue.put("map", "example", ["waiting", "waiting"])
        await queue.put("map", "example", ["delayed"], delay_seconds=3600)
        await queue.put("map", "example", ["delayed"])
    assert states((await queue.counts())["map"]) == (1, 0, 1)
    async with worker(queue, handle):
        await counts_until(queue, lambda counts: states(counts) == (0, 1, 1))
        await queue.put("map", "example", ["waiting"])
        assert states((await queue.counts())["map"]) == (0, 1, 1)
        release.set()
        await counts_until(queue, lambda counts: states(counts) == (0, 0, 1))
        assert handled == ["waiting"]
        await queue.put("map", "example", ["waiting"])
        await counts_until(queue, lambda counts: states(counts) == (0, 0, 1) and len(handled) == 2)


async def test_a_thousand_processes_and_one_are_put_and_run(queue: ProcessQueue) -> None:
    async def handle(delivery: Delivery) -> None:
        pass

    await queue.put("map", "example", [f"p-{number}" for number in range(1001)])
    assert (await queue.counts())["map"].waiting == 1001
    async with worker(queue, handle):
        await counts_until(queue, lambda counts: states(counts) == (0, 0, 0))


@pytest.mark.parametrize("processes", [7, 8])
async def test_seven_are_seven_and_eight_are_eight_at_every_instant(queue: ProcessQueue, processes: int) -> None:
    """Through waiting, reserved, delayed and back, until they end: no sample sees one too many or too few."""
    tries: dict[str, int] = {}
    returned = 0
    ended: list[tuple[Delivery, float]] = []
    release = asyncio.Event()

    class CountEnds(Observer):
        def ended(self, delivery: Delivery, outcome: Outcome | None, seconds: float) -> None:
            if outcome == "done":
                ended.append((delivery, seconds))

    async def handle(delivery: Delivery) -> Outcome:
        nonlocal returned
        tries[delivery.process_id] = tries.get(delivery.process_id, 0) + 1
        await asyncio.sleep(0.03)
        # Round and round, until there were enough looks on the way.
        if tries[delivery.process_id] < 4 or samples <= 50:
            await queue.put("map", "example", [delivery.process_id], delay_seconds=0.1)
            return "retried"
        await release.wait()
        await asyncio.sleep(0.01 * tries[delivery.process_id])
        returned += 1
        return "done"

    samples = 0

    async def sample() -> None:
        nonlocal samples
        while len(ended) < processes:
            gone_before = len(ended)
            counts = (await queue.counts())["map"]
            total = counts.waiting + counts.reserved + counts.delayed
            assert processes - returned <= total <= processes - gone_before, counts
            samples += 1

    await queue.put("map", "example", [f"p-{number}" for number in range(processes)])
    async with worker(queue, handle, CountEnds()), asyncio.timeout(60):
        sampling = [asyncio.create_task(sample()) for _ in range(2)]

        def all_at_last(counts: ShapeCounts) -> bool:
            seen = counts.reserved == processes and min(tries.values()) >= 4 and samples > 50
            return seen or any(one.done() for one in sampling)  # a look that found a wrong count

        await counts_until(queue, all_at_last, 40)
        release.set()
        await asyncio.gather(*sampling)
    assert samples > 50
    assert states((await queue.counts())["map"]) == (0, 0, 0)


async def test_a_delayed_process_waits_until_it_is_due(queue: ProcessQueue) -> None:
    await queue.put("map", "example", ["later"], delay_seconds=1)
    assert states((await queue.counts())["map"]) == (0, 0, 1)
    assert states(await counts_until(queue, lambda counts: counts.delayed == 0)) == (1, 0, 0)


async def test_the_oldest_wait_is_that_of_the_process_that_waits_longest(queue: ProcessQueue) -> None:
    await queue.put("map", "example", ["first"])
    await counts_until(queue, lambda counts: counts.oldest_wait_seconds >= 0.5)
    await queue.put("map", "example", ["second"])
    assert (await queue.counts())["map"].oldest_wait_seconds >= 0.5


async def test_a_handler_that_always_fails_is_given_up_after_three_deliveries(queue: ProcessQueue) -> None:
    seen: list[int] = []

    async def handle(delivery: Delivery) -> None:
        if delivery.process_id == "broken":
            seen.append(delivery.deliveries)
            raise ValueError("cannot be done")

    await queue.put("map", "example", ["broken", "fine"])
    async with worker(queue, handle) as dead:
        await counts_until(queue, lambda counts: states(counts) == (0, 0, 0))
    assert seen == [1, 2, 3]
    assert [(delivery.process_id, reason) for delivery, reason in dead] == [
        ("broken", "its worker failed on it (ValueError)")
    ]
    letters = await queue.dead_letters("map")
    assert [(letter.process_id, letter.tenant, letter.deliveries) for letter in letters] == [("broken", "example", 3)]


async def test_while_the_database_is_away_a_process_stays_reserved_and_is_not_counted_against(
    queue: ProcessQueue,
) -> None:
    tries = 0

    async def handle(delivery: Delivery) -> None:
        nonlocal tries
        tries += 1
        assert states((await queue.counts())["map"]) == (0, 1, 0)
        assert delivery.deliveries == 1
        if tries < 5:
            raise UnavailableError("MariaDB is away")

    await queue.put("map", "example", ["patient"])
    async with worker(queue, handle) as dead:
        await counts_until(queue, lambda counts: states(counts) == (0, 0, 0))
    assert (tries, dead) == (5, [])


async def test_a_worker_that_stops_while_the_database_is_away_gives_its_processes_back(queue: ProcessQueue) -> None:
    handed = asyncio.Event()

    async def handle(delivery: Delivery) -> None:
        handed.set()
        raise UnavailableError(f"MariaDB is away for {delivery.process_id}")

    await queue.put("map", "example", ["patient"])
    async with worker(queue, handle):
        await handed.wait()
    assert states((await queue.counts())["map"]) == (1, 0, 0)
