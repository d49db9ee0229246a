"""A worker's hold on the processes that it runs."""

import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Literal

from redis.asyncio import Redis

from patchbay_runtime.queue.delivery import MAX_DELIVERIES, DeadLetter, Delivery, Outcome
from patchbay_runtime.queue.pace import USUAL_PACE, Pace
from patchbay_runtime.queue.register import GONE_SECONDS
from patchbay_runtime.queue.scripts import GROUP, run_script, shape_keys, wake_key, worker_keys

DEAD_LETTERS_KEPT = 10_000
CONSUMER_FORGOTTEN_MS = 600_000


@dataclass(frozen=True)
class Reservation:
    """A process that this worker holds.

    `kind`: `first` and `again` may run beside others. `last` is the last permitted delivery and runs alone, so that
    only the process that kills its worker can come to `dead`: given up.
    """

    entry: str
    delivery: Delivery
    kind: Literal["first", "again", "last", "dead"]


class Consumer:
    """One worker's place in a shape's consumer group; methods raise `REDIS_AWAY` while Redis is away."""

    def __init__(self, redis: Redis, shape: str, name: str, pace: Pace = USUAL_PACE) -> None:
        self._redis = redis
        self._shape = shape
        self._name = name
        self._pace = pace
        self._keys = shape_keys(shape)
        self._stream, self._wake = self._keys[0], wake_key(shape)

    async def join(self) -> float:
        """Make the group where there is none, and forget consumers that are long gone.

        Answers the seconds to wait before taking anything over: while Redis was away no lease could be renewed.
        """
        await run_script(self._redis, "tidy", self._keys, "", CONSUMER_FORGOTTEN_MS)
        uptime = float((await self._redis.info("server"))["uptime_in_seconds"])
        return self._pace.lease if uptime < self._pace.lease else 0.0

    async def reserve(self, count: int, block_seconds: float) -> list[Reservation]:
        """Reserve up to `count` waiting processes, those of all tenants in turns; waits so long for the first."""
        taken = await self._take(count)
        if not taken:
            await self._redis.blpop([self._wake], timeout=block_seconds)
            taken = await self._take(count)
        return taken

    async def _take(self, count: int) -> list[Reservation]:
        return [
            Reservation(entry, Delivery(process, tenant, self._shape, 1), "first")
            for entry, process, tenant in await run_script(self._redis, "take", self._keys, self._name, count)
        ]

    async def reclaim(self, free: int, may_take_last: bool) -> list[Reservation]:
        """Take over what no living worker holds, at most `free` processes, and all that are to be given up."""
        taken = await run_script(
            self._redis,
            "reclaim",
            [*self._keys, *worker_keys()],
            self._name,
            self._pace.lease_ms,
            free,
            int(may_take_last),
            MAX_DELIVERIES,
            GONE_SECONDS,
        )
        reservations = []
        for entry, process, tenant, before, kind in taken:
            deliveries = before if kind == "dead" else before + 1
            reservations.append(Reservation(entry, Delivery(process, tenant, self._shape, deliveries), kind))
        return reservations

    async def renew(self, entries: Iterable[str]) -> list[str]:
        """Renew the leases; the entries answered belong to another worker."""
        held = list(entries)
        return list(await run_script(self._redis, "renew", self._keys, self._name, *held)) if held else []

    async def count_delivery(self, reservation: Reservation) -> None:
        """Record in the queue that the process is begun for the `deliveries`-th time."""
        await self._redis.xclaim(
            self._stream,
            GROUP,
            self._name,
            0,
            [reservation.entry],
            retrycount=reservation.delivery.deliveries,
            justid=True,
        )

    async def finish(self, reservation: Reservation, outcome: Outcome, runtime_seconds: float) -> None:
        """Take the process off the queue, or put it among the delayed where the handler asked for that."""
        runtime_ms = round(runtime_seconds * 1000)
        process = reservation.delivery.process_id
        await run_script(self._redis, "finish", self._keys, reservation.entry, process, outcome, runtime_ms)

    async def bury(self, reservation: Reservation, reason: str) -> None:
        """Move the process to the dead letters."""
        letter = DeadLetter(**asdict(reservation.delivery), reason=reason, at=time.time())
        await run_script(
            self._redis,
            "bury",
            self._keys,
            reservation.entry,
            reservation.delivery.process_id,
            json.dumps(asdict(letter)),
            DEAD_LETTERS_KEPT,
        )

    async def release(self, entries: Iterable[str]) -> None:
        """Give processes that were not begun back to the waiting ones."""
        held = list(entries)
        if held:
            await run_script(self._redis, "release", self._keys, *held)

    async def leave(self) -> None:
        """Leave the group; what this worker still holds is redelivered when the leases end."""
        await run_script(self._redis, "tidy", self._keys, self._name, CONSUMER_FORGOTTEN_MS)


def counted_again(reservation: Reservation) -> Reservation:
    """The same reservation, begun once more."""
    delivery = reservation.delivery
    return replace(reservation, delivery=replace(delivery, deliveries=delivery.deliveries + 1))
