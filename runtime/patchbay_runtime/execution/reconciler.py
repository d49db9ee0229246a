"""Puts back into the queues what the database holds open and Redis may have lost.

A put changes nothing for a process that is queued, so everything open that should have been begun a while ago is put:
after a crash between commit and put, and after Redis came back without its data. On the same way runs get their places
in the list, so that a reader finds few without.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, func, select, text

from patchbay_runtime.catalog import CATALOG
from patchbay_runtime.queue import REDIS_AWAY, ProcessQueue
from patchbay_runtime.storage.database import Database, may_pass
from patchbay_runtime.storage.run_order import give_places
from patchbay_runtime.storage.tenant_repository import tenant_names
from patchbay_runtime.storage.tenant_tables import processes

# Of this control schema: another cluster's runtime may work beside it on the same server.
LOCK = func.concat("patchbay-reconciler-", func.database())
# A process that has been running for longer than any step may has no worker any more.
ABANDONED_SECONDS = max(shape.longest_step_seconds for shape in CATALOG.values()) + 30
PAGE = 1000
# Tenants after which it is the server that is away.
AWAY_IN_A_ROW = 3

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SweepPace:
    """Seconds: between two sweeps, and for how long what should have been begun is left to the queue."""

    every: float = 5.0
    overdue: int = 10


USUAL_SWEEPS: Final = SweepPace()


class Reconciler:
    """Sweeps over every tenant, in one replica at a time."""

    def __init__(self, database: Database, queue: ProcessQueue, pace: SweepPace = USUAL_SWEEPS) -> None:
        self._database = database
        self._queue = queue
        self._every = pace.every
        self._overdue = _overdue(pace.overdue)

    async def run_forever(self) -> None:
        """Sweep until cancelled; a server that is away is waited for."""
        while True:
            await asyncio.sleep(self._every)
            try:
                await self.sweep()
            except Exception as error:
                if _is_away(error):
                    log.warning("no sweep: MariaDB or Redis is away")
                else:
                    log.exception("a sweep failed")

    async def sweep(self) -> int:
        """Put what is overdue; the number of processes put. Another replica's sweep makes this one empty."""
        put = 0
        async with self._database.lock(LOCK) as alone:
            if not alone:
                return 0
            async with self._database.transaction() as connection:
                tenants = await tenant_names(connection)
            away = 0
            for tenant in tenants:
                try:
                    put += await self._sweep_tenant(tenant)
                    while await self._database.transact(tenant, give_places):
                        pass
                    away = 0
                except Exception as error:
                    # What is one tenant's alone, such as a schema that is missing or rows that are wanted by too many,
                    # does not keep the tenants after it from being swept.
                    if not _is_away(error):
                        log.exception("a tenant could not be swept", extra={"tenant": tenant})
                        continue
                    away += 1
                    if away == AWAY_IN_A_ROW:
                        raise
                    log.warning("a tenant is swept later: MariaDB or Redis is away", extra={"tenant": tenant})
        return put

    async def _sweep_tenant(self, tenant: str) -> int:
        last, put = "", 0
        while True:
            async with self._database.transaction(tenant) as connection:
                rows = list(await connection.execute(self._overdue.where(_PROCESS.id > last)))
            by_shape: dict[str, list[str]] = {}
            for row in rows:
                by_shape.setdefault(row.shape, []).append(row.id)
            for shape, identifiers in by_shape.items():
                await self._queue.put(shape, tenant, identifiers)
            put += len(rows)
            if len(rows) < PAGE:
                return put
            last = rows[-1].id


def _is_away(error: Exception) -> bool:
    return may_pass(error) or isinstance(error, REDIS_AWAY)


def _before(seconds: int) -> Any:
    return func.timestampadd(text("SECOND"), -seconds, func.now(6))


_PROCESS = processes.c


def _overdue(seconds: int) -> Select[tuple[Any, Any]]:
    """The processes that should have been begun this long ago."""
    return (
        select(_PROCESS.id, _PROCESS.shape)
        .where(
            (_PROCESS.status.in_(("waiting", "delayed")) & (_PROCESS.available_at < _before(seconds)))
            | ((_PROCESS.status == "running") & (_PROCESS.started_at < _before(ABANDONED_SECONDS)))
        )
        .order_by(_PROCESS.id)
        .limit(PAGE)
    )
