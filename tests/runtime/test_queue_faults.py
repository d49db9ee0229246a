"""Nothing that was put is lost or done twice when a worker or Redis dies."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from patchbay_runtime.queue import REDIS_AWAY, USUAL_PACE, Delivery, Pace, ProcessQueue, run_worker
from patchbay_runtime.queue.consumer import Consumer, Reservation
from patchbay_runtime.queue.scripts import GROUP, shape_keys

from tests.runtime.queue_workers import Workers, until
from tests.runtime.servers import Server, own_redis

SHAPE = "map"
# The promise, with the usual lease: what is not the lease may take as long with a shorter one.
REDELIVERED_SECONDS = 15
# Quick, and still with time for a worker that a busy machine holds up to renew its leases.
PACE = Pace(lease=6, renew=0.5, reclaim=0.3)
OUTAGE_SECONDS = PACE.lease + 1


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Redis of this module's own."""
    server = own_redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
async def queue(own_server: Server) -> AsyncIterator[ProcessQueue]:
    """An empty queue."""
    queue = ProcessQueue.connect(own_server.host, own_server.port, None, [SHAPE])
    await queue.redis.flushall()
    yield queue
    await queue.close()


@pytest.fixture
def workers(own_server: Server, tmp_path: Path) -> Iterator[Workers]:
    """No worker yet."""
    workers = Workers(own_server.port, SHAPE, tmp_path, PACE)
    yield workers
    workers.close()


async def put_at_last(queue: ProcessQueue, process_ids: list[str], delay_seconds: float = 0) -> None:
    """Put, as a caller does who is told to come back while Redis is away."""
    while True:
        try:
            await queue.put(SHAPE, "example", process_ids, delay_seconds)
        except REDIS_AWAY:
            await asyncio.sleep(0.1)
        else:
            return


async def both_are_there(queue: ProcessQueue) -> None:
    """Wait until two workers ask for processes, so that each gets its half of what is put."""

    async def two() -> bool:
        # A consumer that was never given anything is not in the group yet, for this Redis.
        return int((await queue.redis.info("clients"))["blocked_clients"]) == 2

    await until(two, 20, "both workers ask")


async def test_what_a_killed_worker_held_is_begun_again_within_15_seconds_and_done_once(
    queue: ProcessQueue, workers: Workers
) -> None:
    ids = [f"held-{number}" for number in range(16)]
    victim, _ = workers.start(), workers.start()
    await both_are_there(queue)
    await queue.put(SHAPE, "example", ids)
    await until(lambda: len(workers.notes("begin")) == 16, 20, "both workers run eight each")
    held = {note.process_id for note in workers.notes("begin") if note.pid == victim.pid}
    victim.kill()
    victim.wait()
    workers.release()
    await until(
        lambda: held <= {note.process_id for note in workers.notes("begin") if note.deliveries == 2},
        REDELIVERED_SECONDS - USUAL_PACE.lease + PACE.lease,
        "all that the killed worker held was begun again",
    )
    await until(lambda: set(ids) == set(workers.ended()), 20, "all are done")
    assert len(held) == 8
    assert set(workers.ended().values()) == {1}
    counts = (await queue.counts())[SHAPE]
    assert (counts.waiting, counts.delayed) == (0, 0)


async def test_a_worker_that_was_held_up_goes_on_with_what_it_runs_as_the_same_delivery(
    queue: ProcessQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Leases run out although the worker lives, as where it gets no processor.
    pace = Pace(lease=0.3, renew=1000, reclaim=0.4)
    stop, may_end = asyncio.Event(), asyncio.Event()
    looks: list[float] = []
    reclaim = Consumer.reclaim

    async def counted(consumer: Consumer, free: int, may_take_last: bool) -> list[Reservation]:
        taken = await reclaim(consumer, free, may_take_last)
        looks.append(time.monotonic())
        return taken

    async def handle(_delivery: Delivery) -> None:
        begun.set()
        await may_end.wait()

    async def on_dead_letter(_delivery: Delivery, _reason: str) -> None:
        raise AssertionError("no worker died")

    monkeypatch.setattr(Consumer, "reclaim", counted)
    begun = asyncio.Event()
    working = asyncio.create_task(
        run_worker(queue, SHAPE, 8, handler=handle, on_dead_letter=on_dead_letter, stop=stop, pace=pace)
    )
    await queue.put(SHAPE, "example", ["held-1"])
    await asyncio.wait_for(begun.wait(), 20)
    since = time.monotonic()
    await until(
        lambda: sum(look > since + pace.lease for look in looks) >= 3,
        20,
        "it looked several times for what no living worker holds",
    )
    (pending,) = await queue.redis.xpending_range(shape_keys(SHAPE)[0], GROUP, "-", "+", 10)
    may_end.set()
    stop.set()
    await working
    assert pending["times_delivered"] == 1
    assert (await queue.counts())[SHAPE].reserved == 0


async def test_a_worker_told_to_stop_finishes_what_it_runs_and_begins_nothing(
    queue: ProcessQueue, workers: Workers
) -> None:
    worker = workers.start()
    await queue.put(SHAPE, "example", [f"held-{number}" for number in range(20)])
    await until(lambda: len(workers.notes("begin")) == 8, 20, "eight run")
    worker.send_signal(signal.SIGTERM)
    workers.release()
    assert await asyncio.to_thread(worker.wait, 60) == 0
    assert len(workers.notes("begin")) == len(workers.notes("end")) == 8
    counts = (await queue.counts())[SHAPE]
    assert (counts.waiting, counts.reserved) == (12, 0)


async def test_what_a_leaving_worker_runs_is_counted_until_its_end_and_taken_by_nobody(
    queue: ProcessQueue, workers: Workers
) -> None:
    leaving = workers.start()
    # Longer than a lease, which a worker that leaves has to renew too.
    running = [f"sleep:{PACE.lease + 2}-{number}" for number in range(5)]
    await queue.put(SHAPE, "example", running)
    await until(lambda: len(workers.notes("begin")) == 5, 20, "five run")
    workers.start()
    leaving.send_signal(signal.SIGTERM)
    await queue.put(SHAPE, "example", ["ok-1"])
    await until(lambda: bool(workers.ended()["ok-1"]), 20, "the other worker runs what comes")
    while leaving.poll() is None:
        reserved = (await queue.counts())[SHAPE].reserved
        # What has not ended yet was running when the counts were asked for.
        assert reserved >= 5 - sum(note.process_id in running for note in workers.notes("end"))
        await asyncio.sleep(0.05)
    assert leaving.returncode == 0
    assert len(workers.notes("begin")) == len(workers.notes("end")) == 6
    assert set(workers.ended().values()) == {1}


async def test_an_idle_worker_stops_at_once(queue: ProcessQueue, workers: Workers) -> None:
    worker = workers.start()
    await queue.put(SHAPE, "example", ["ok-1"])
    await until(lambda: bool(workers.ended()), 20, "the worker runs")
    began = time.monotonic()
    assert workers.stop(worker) == 0
    assert time.monotonic() - began < 10


async def test_nothing_is_lost_when_redis_restarts_under_load(
    queue: ProcessQueue, workers: Workers, own_server: Server
) -> None:
    workers.start(), workers.start()
    ids = [f"ok-{number}" for number in range(3000)]
    later = [f"ok-later-{number}" for number in range(50)]

    async def load() -> None:
        await put_at_last(queue, later, delay_seconds=3)
        for start in range(0, len(ids), 10):
            await put_at_last(queue, ids[start : start + 10])
            await asyncio.sleep(0.005)

    loading = asyncio.create_task(load())
    await until(lambda: len(workers.notes("end")) > 300, 30, "the load runs")
    await asyncio.to_thread(own_server.stop)
    await asyncio.to_thread(own_server.start)
    await loading
    await until(lambda: set(workers.ended()) == {*ids, *later}, 60, "all that was put is done")
    assert all(worker.poll() is None for worker in workers.processes)


async def test_workers_outlive_more_than_a_lease_without_redis_and_nothing_is_done_twice(
    queue: ProcessQueue, workers: Workers, own_server: Server
) -> None:
    running = [f"sleep:{PACE.lease}-{number}" for number in range(16)]
    waiting = [f"ok-{number}" for number in range(8)]
    workers.start(), workers.start()
    await both_are_there(queue)
    await queue.put(SHAPE, "example", running)
    await until(lambda: len(workers.notes("begin")) == 16, 20, "sixteen run")
    await queue.put(SHAPE, "example", waiting)
    await asyncio.to_thread(own_server.stop)
    await asyncio.sleep(OUTAGE_SECONDS)
    await asyncio.to_thread(own_server.start)
    await until(lambda: set(workers.ended()) == {*running, *waiting}, 40, "all are done after Redis is back")
    assert all(worker.poll() is None for worker in workers.processes)
    assert set(workers.ended().values()) == {1}


async def test_a_worker_that_starts_when_redis_comes_back_takes_nothing_from_the_living(
    queue: ProcessQueue, own_server: Server
) -> None:
    stop, release = asyncio.Event(), asyncio.Event()
    begun: list[str] = []

    async def handle(delivery: Delivery) -> None:
        begun.append(delivery.process_id)
        await release.wait()

    async def on_dead_letter(delivery: Delivery, reason: str) -> None:
        raise AssertionError(delivery, reason)

    def work() -> asyncio.Task[None]:
        return asyncio.create_task(
            run_worker(queue, SHAPE, 8, handler=handle, on_dead_letter=on_dead_letter, stop=stop, pace=PACE)
        )

    living = work()
    await queue.put(SHAPE, "example", [f"p-{number}" for number in range(8)])
    await until(lambda: len(begun) == 8, 20, "eight run")
    await asyncio.to_thread(own_server.stop)
    await asyncio.sleep(OUTAGE_SECONDS)
    await asyncio.to_thread(own_server.start)
    new = work()
    await queue.put(SHAPE, "example", ["later"])
    await until(lambda: "later" in begun, 20, "the new worker runs what waits")
    release.set()

    async def done() -> bool:
        return (await queue.counts())[SHAPE].reserved == 0

    await until(done, 20, "all are done")
    stop.set()
    await asyncio.gather(living, new)
    assert len(begun) == 9
