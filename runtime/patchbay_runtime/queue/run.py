"""A worker's loop: reserve, run, finish; renew what runs; take over what dead workers left."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from functools import partial

from patchbay_runtime.queue.connection import REDIS_AWAY, is_refusal
from patchbay_runtime.queue.consumer import Consumer, Reservation, counted_again
from patchbay_runtime.queue.delivery import (
    MAX_DELIVERIES,
    DeadLetterHandler,
    Delivery,
    Handler,
    Outcome,
    UnavailableError,
)
from patchbay_runtime.queue.pace import USUAL_PACE, Pace
from patchbay_runtime.queue.pause import Pause, first_of
from patchbay_runtime.queue.process_queue import ProcessQueue
from patchbay_runtime.queue.register import worker_name
from patchbay_runtime.tasks import end

log = logging.getLogger(__name__)

REDIS_PAUSE_SECONDS = 1.0
"""Longest pause between tries to reach Redis: well below the lease, so that it is renewed in time."""
TELL_SECONDS = 60.0
GIVE_UP_FINISHING_SECONDS = 5.0
"""A stopping worker whose Redis is away leaves its finished processes to redelivery after this long."""


class Observer:
    """What the loop tells of itself; every method may be left as it is."""

    def redis_answers(self, answers: bool) -> None:
        """Redis answered the last command, or did not."""

    def handler_available(self, available: bool) -> None:
        """The handler found what it needs, or did not."""

    def began(self, delivery: Delivery) -> None:
        """A delivery was handed to the handler."""

    def ended(self, delivery: Delivery, outcome: Outcome | None, seconds: float) -> None:
        """A delivery ended; `failed` also for a dead letter, None where it was left to another worker."""

    def buried(self, delivery: Delivery) -> None:
        """A process was given up and is among the dead letters."""


@dataclass
class Worker:
    """Runs a shape's processes, up to `concurrency` at a time, until `stop` is set and all that runs has finished."""

    consumer: Consumer
    concurrency: int
    handler: Handler
    on_dead_letter: DeadLetterHandler
    stop: asyncio.Event
    observer: Observer = field(default_factory=Observer)
    pace: Pace = USUAL_PACE
    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _slot_freed: asyncio.Event = field(default_factory=asyncio.Event)
    _reclaim_at: float = 0.0

    async def run(self) -> None:
        """Work until told to stop; no fault of Redis or of a handler ends it."""
        renewing = asyncio.create_task(self._renew_forever(), name="renew-leases")
        try:
            await self._fetch_until_stopped()
            while self._running:
                await asyncio.wait(self._running.values())
        finally:
            await end(renewing)
        try:
            await self.consumer.leave()
        except REDIS_AWAY as error:
            log.warning("left without a word: %s", error)

    async def _fetch_until_stopped(self) -> None:
        pause = Pause(REDIS_PAUSE_SECONDS)
        joined = False
        while not self.stop.is_set():
            try:
                if not joined:
                    self._reclaim_at = time.monotonic() + await self.consumer.join()
                    joined = True
                await self._fetch()
            except REDIS_AWAY as error:
                self._queue_failed(error)
                await pause.wait(self.stop)
            else:
                self.observer.redis_answers(True)
                pause.reset()

    def _queue_failed(self, error: Exception) -> None:
        if is_refusal(error):
            log.error("the queue refuses a command: %s", error)
            self.observer.redis_answers(True)
            return
        log.warning("Redis is away: %s", error)
        self.observer.redis_answers(False)
        # Every worker's leases ran on while Redis was away: give all of them the time to renew.
        self._reclaim_at = time.monotonic() + self.pace.lease

    async def _fetch(self) -> None:
        free = self.concurrency - len(self._running)
        if time.monotonic() >= self._reclaim_at:
            self._reclaim_at = time.monotonic() + self.pace.reclaim
            # This worker's own leases may have run out too, if it was held up: that is no delivery that failed.
            await self._renew()
            taken = await self.consumer.reclaim(free, may_take_last=True)
            # What another one took over meanwhile, and lost, still runs here.
            taken = [reservation for reservation in taken if reservation.entry not in self._running]
            for reservation in taken:
                if reservation.kind != "last":
                    self._begin(reservation)
            for reservation in taken:
                if reservation.kind == "last":
                    await self._run_alone(reservation)
        elif free <= 0:
            self._slot_freed.clear()
            await first_of(self._slot_freed.wait(), self.stop.wait(), timeout=self.pace.reclaim)
        else:
            reserved = await self.consumer.reserve(free, self.pace.reclaim)
            if self.stop.is_set():
                await self.consumer.release(reservation.entry for reservation in reserved)
            else:
                for reservation in reserved:
                    self._begin(reservation)

    async def _run_alone(self, reservation: Reservation) -> None:
        """Wait until nothing else runs here, then run the process and nothing beside it."""
        others = list(self._running.values())
        alone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._begin(reservation, alone)
        if others:
            log.info("a process waits to run alone", extra=_of(reservation))
            await asyncio.wait(others)
        alone.set_result(None)
        await asyncio.wait([self._running[reservation.entry]])

    def _begin(self, reservation: Reservation, alone: Awaitable[None] | None = None) -> None:
        task = asyncio.create_task(self._process(reservation, alone), name=reservation.delivery.process_id)
        self._running[reservation.entry] = task
        task.add_done_callback(lambda _: self._ended(reservation.entry))

    def _ended(self, entry: str) -> None:
        del self._running[entry]
        self._slot_freed.set()

    async def _process(self, reservation: Reservation, alone: Awaitable[None] | None) -> None:
        if alone is not None:
            await alone
            if self.stop.is_set():
                return  # not begun: redelivered when the lease ends
            await self._until_redis_answers(lambda: self.consumer.count_delivery(reservation))
        began = time.monotonic()
        outcome: Outcome | None = None
        self.observer.began(reservation.delivery)
        try:
            outcome = await self._end(reservation, began)
        finally:
            self.observer.ended(reservation.delivery, outcome, time.monotonic() - began)

    async def _end(self, reservation: Reservation, began: float) -> Outcome | None:
        if reservation.kind == "dead":
            reason = f"its worker died during each of {reservation.delivery.deliveries} deliveries"
            return await self._give_up(reservation, reason)
        return await self._handle(reservation, began)

    async def _handle(self, reservation: Reservation, began: float) -> Outcome | None:
        """Hand the process to the handler until it ends, is given up, or must be left because the worker stops."""
        pause = Pause()
        while True:
            try:
                outcome = await self.handler(reservation.delivery) or "done"
            except UnavailableError as error:
                log.warning("a process waits: %s", error, extra=_of(reservation))
                self.observer.handler_available(False)
                if self.stop.is_set():
                    await self._until_redis_answers(partial(self.consumer.release, [reservation.entry]))
                    return None
            except Exception as error:
                log.exception("the handler failed", extra=_of(reservation))
                if reservation.delivery.deliveries >= MAX_DELIVERIES:
                    # Not the error's text: the reason is shown to users, and it may quote the payload or a statement.
                    return await self._give_up(reservation, f"its worker failed on it ({type(error).__name__})")
                reservation = counted_again(reservation)
                await self._until_redis_answers(partial(self.consumer.count_delivery, reservation))
            else:
                self.observer.handler_available(True)
                seconds = time.monotonic() - began
                await self._until_redis_answers(partial(self.consumer.finish, reservation, outcome, seconds))
                return outcome
            await pause.wait(self.stop)

    async def _give_up(self, reservation: Reservation, reason: str) -> Outcome | None:
        """Tell the handler's side first, then bury: a worker that dies in between leaves it to the next one.

        What cannot be told within `TELL_SECONDS` (a tenant that is gone) is buried all the same, to free the slot.
        """
        log.error("a process is given up", extra=_of(reservation))
        pause = Pause()
        last_try = time.monotonic() + TELL_SECONDS
        while time.monotonic() < last_try:
            try:
                await self.on_dead_letter(reservation.delivery, reason)
                break
            except Exception:
                log.warning("a dead letter waits", extra=_of(reservation), exc_info=True)
                if self.stop.is_set():
                    return None
                await pause.wait(self.stop)
        await self._until_redis_answers(lambda: self.consumer.bury(reservation, reason))
        self.observer.buried(reservation.delivery)
        return "failed"

    async def _until_redis_answers(self, command: Callable[[], Awaitable[None]]) -> None:
        pause = Pause(REDIS_PAUSE_SECONDS)
        never = asyncio.Event()
        stopping_since: float | None = None
        while True:
            try:
                await command()
                return
            except REDIS_AWAY as error:
                self._queue_failed(error)
            if self.stop.is_set():
                stopping_since = stopping_since or time.monotonic()
                if time.monotonic() - stopping_since > GIVE_UP_FINISHING_SECONDS:
                    log.warning("left to redelivery: the queue does not take it")
                    return
            await pause.wait(never)

    async def _renew_forever(self) -> None:
        while True:
            await asyncio.sleep(self.pace.renew)
            try:
                await self._renew()
            except REDIS_AWAY as error:
                self._queue_failed(error)

    async def _renew(self) -> None:
        lost = await self.consumer.renew(self._running)
        for entry in set(lost) & set(self._running):
            process = self._running[entry].get_name()
            log.warning("another worker took a process over", extra={"process_id": process})


def _of(reservation: Reservation) -> dict[str, object]:
    """What a log line says of a reservation; never an error's text, which may quote a payload."""
    return asdict(reservation.delivery)


async def run_worker(
    queue: ProcessQueue,
    shape: str,
    concurrency: int,
    *,
    handler: Handler,
    on_dead_letter: DeadLetterHandler,
    stop: asyncio.Event,
    name: str | None = None,
    observer: Observer | None = None,
    pace: Pace = USUAL_PACE,
) -> None:
    """Run a shape's processes, `concurrency` at a time, until `stop` is set; then finish what runs, and return.

    `name` is the worker's name in the queue, unique among all that live. No fault of Redis or of a handler ends it.
    A process whose worker dies is begun again by another one within the lease and two seconds.
    """
    consumer = Consumer(queue.redis, shape, name or worker_name(), pace)
    await Worker(consumer, concurrency, handler, on_dead_letter, stop, observer or Observer(), pace).run()
