"""The order in which a tenant's runs are listed.

An identifier holds the clock of the pod that made it, and a run is seen only once its transaction is committed: a run
may come to be seen below one that a reader has passed. So it gets its place in the list after it can be seen. The
counter's row is locked from its reading to the commit: who sees a place sees every place below it.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.storage.run_repository import STATES, RunState
from patchbay_runtime.storage.tenant_tables import run_counter, runs

BATCH: Final = 1000
"""Runs that get their places in one transaction, and the most that can be listed at once."""

_WITHOUT = select(runs.c.id).where(runs.c.place.is_(None)).order_by(runs.c.id).limit(bindparam("most"))
_COUNTER = select(run_counter.c.last).with_for_update()
_COUNT = update(run_counter).values(last=bindparam("given"))
_GIVE = (
    update(runs)
    .where(runs.c.id.in_(bindparam("ids", expanding=True)))
    .values(place=bindparam("last_place") + func.find_in_set(runs.c.id, bindparam("in_order")))
)
_PLACE = select(runs.c.place).where(runs.c.id == bindparam("run"))
_FIRST_ABOVE = select(func.min(runs.c.place)).where(runs.c.id > bindparam("run"))
_PAGE = STATES.where(runs.c.place > bindparam("start")).order_by(runs.c.place).limit(bindparam("limit"))


async def give_places(connection: AsyncConnection) -> bool:
    """Give places to the runs that have none, in order of their identifiers; whether some may be left without."""
    if not list(await connection.scalars(_WITHOUT, {"most": 1})):
        return False
    last: int = (await connection.execute(_COUNTER)).scalar_one()
    # Read under the lock: another one may have given them their places meanwhile.
    ids = list(await connection.scalars(_WITHOUT, {"most": BATCH}))
    if ids:
        await connection.execute(_GIVE, {"last_place": last, "ids": ids, "in_order": ",".join(ids)})
        await connection.execute(_COUNT, {"given": last + len(ids)})
    return len(ids) == BATCH


def page_after(run: str, limit: int) -> Callable[[AsyncConnection], Awaitable[list[RunState] | None]]:
    """The runs that come after `run`, or the first ones where it is empty; at most `limit`.

    None: to be asked again in another transaction, as too many runs had no place yet. Of an identifier that is no
    run's, the list begins so that no run with a higher one is left out.
    """

    async def page(connection: AsyncConnection) -> list[RunState] | None:
        more = await give_places(connection)
        start = 0
        if run:
            found = (await connection.execute(_PLACE, {"run": run})).one_or_none()
            if found is not None and found.place is not None:
                start = found.place
            elif more or found is not None:
                return None
            else:
                first = await connection.scalar(_FIRST_ABOVE, {"run": run})
                if first is None:
                    return []
                start = first - 1
        return [RunState(*row) for row in await connection.execute(_PAGE, {"start": start, "limit": limit})]

    return page
