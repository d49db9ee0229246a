"""Runs in a tenant's schema."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, case, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.storage.payloads import decode
from patchbay_runtime.storage.tenant_tables import processes, runs

NOW = func.now(6)
LARGEST_PAGE_BYTES: Final = 4 * 2**20
"""Of JSON in one answer: a run may hold a hundred thousand times a mebibyte."""


@dataclass(frozen=True)
class RunState:
    """A run without its processes; times in UTC."""

    id: str
    flow: str
    version: int
    status: str
    failed_process: str | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class RunKey:
    """What a request brings so that it starts one run however often it is sent; `digest` of its payload."""

    key: str
    digest: str


async def add_run(
    connection: AsyncConnection, run: str, flow: str, version: int, *, most_processes: int, key: RunKey | None
) -> None:
    """Add a run with one open process, of which at most `most_processes` come before a split."""
    values = {"id": run, "flow": flow, "version": version, "status": "running", "open_processes": 1}
    brought = {"idempotency_key": key and key.key, "payload_digest": key and key.digest}
    await connection.execute(_INSERT, {**values, "processes": most_processes, **brought})


async def run_of_key(connection: AsyncConnection, flow: str, key: RunKey) -> tuple[str, bool] | None:
    """The run that was started with this key, and whether its payload was the same."""
    query = select(runs.c.id, runs.c.payload_digest).where(runs.c.flow == flow, runs.c.idempotency_key == key.key)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else (row.id, row.payload_digest in {None, key.digest})


async def forget_key(connection: AsyncConnection, flow: str, key: RunKey, days: int) -> None:
    """Free a key that has started its run longer ago."""
    old = runs.c.created_at < func.timestampadd(text("DAY"), -days, NOW)
    query = update(runs).where(runs.c.flow == flow, runs.c.idempotency_key == key.key, old)
    await connection.execute(query.values(idempotency_key=None))


async def get_run(connection: AsyncConnection, run: str) -> RunState | None:
    """A run's state."""
    row = (await connection.execute(_STATE, {"run": run})).one_or_none()
    return RunState(*row) if row else None


async def processes_of(connection: AsyncConnection, run: str, after: str, limit: int) -> tuple[list[Row[Any]], bool]:
    """The run's processes after `after`, in order of their identifiers, and whether there are more.

    At most `limit`, and not more than `LARGEST_PAGE_BYTES` of what they hold, but for a single one.
    """
    found = list(await connection.execute(_SIZES, {"run": run, "after": after, "limit": limit + 1}))
    page: list[str] = []
    size = 0
    for row in found[:limit]:
        size += row.size
        if page and size > LARGEST_PAGE_BYTES:
            break
        page.append(row.id)
    rows = await connection.execute(_ALL.where(processes.c.id.in_(page))) if page else ()
    return list(rows), len(page) < len(found)


async def outputs_of(connection: AsyncConnection, run: str) -> list[tuple[str, Any]] | None:
    """What the run's paths ended with, by the element of the splits that they belong to.

    None where that is more than `LARGEST_PAGE_BYTES`.
    """
    ended = (processes.c.run == run, processes.c.leaf == 1, processes.c.output.is_not(None))
    size = await connection.scalar(select(func.sum(func.octet_length(processes.c.output))).where(*ended))
    if (size or 0) > LARGEST_PAGE_BYTES:
        return None
    query = select(processes.c.element, processes.c.output).where(*ended)
    return [(row.element, decode(row.output)) for row in await connection.execute(query)]


async def open_more(connection: AsyncConnection, run: str, more: int, *, made: int, most: int) -> bool:
    """Count the open processes that a split adds, and the most that may come of them. False if that is over `most`."""
    return (await connection.execute(_OPEN_MORE, {"run": run, "more": more, "made": made, "most": most})).rowcount == 1


async def close_one(connection: AsyncConnection, run: str) -> bool:
    """Count a path that has ended; True if the run has ended with it."""
    await connection.execute(_CLOSE_ONE, {"run": run})
    return await connection.scalar(_STATUS, {"run": run}) == "completed"


async def fail(connection: AsyncConnection, run: str, process: str) -> None:
    """Count a path that has failed, and fail the run with it; the first failure is the run's."""
    await connection.execute(_FAIL, {"run": run, "process": process})


_INSERT = insert(runs)
_ALL = select(processes).order_by(processes.c.id)
_PAGE = (
    select(processes.c.id)
    .where(processes.c.run == bindparam("run"), processes.c.id > bindparam("after"))
    .order_by(processes.c.id)
    .limit(bindparam("limit"))
    .subquery()
)
_HELD = func.octet_length(func.concat_ws("", processes.c.payload, processes.c.output, processes.c.error))
_SIZES = select(processes.c.id, _HELD.label("size")).join(_PAGE, _PAGE.c.id == processes.c.id).order_by(processes.c.id)

# MariaDB assigns from left to right: the counter is new in the conditions below, the status still old.
_CHANGE = update(runs).where(runs.c.id == bindparam("run"))
_CLOSED = (runs.c.open_processes, runs.c.open_processes - 1)
_RUNNING = runs.c.status == "running"
_LAST = (runs.c.open_processes == 0) & _RUNNING
_STATUS = select(runs.c.status).where(runs.c.id == bindparam("run"))
STATES = select(
    runs.c.id, runs.c.flow, runs.c.version, runs.c.status, runs.c.failed_process, runs.c.created_at, runs.c.finished_at
)
_STATE = STATES.where(runs.c.id == bindparam("run"))
_MADE = runs.c.processes + bindparam("made")
_OPEN_MORE = _CHANGE.where(bindparam("most") >= _MADE).values(
    open_processes=runs.c.open_processes + bindparam("more"), processes=_MADE
)
_CLOSE_ONE = _CHANGE.ordered_values(
    _CLOSED,
    (runs.c.finished_at, case((_LAST, NOW), else_=runs.c.finished_at)),
    (runs.c.status, case((_LAST, "completed"), else_=runs.c.status)),
)
_FAIL = _CHANGE.ordered_values(
    _CLOSED,
    (runs.c.finished_at, case((_RUNNING, NOW), else_=runs.c.finished_at)),
    (runs.c.failed_process, case((_RUNNING, bindparam("process")), else_=runs.c.failed_process)),
    (runs.c.status, case((_RUNNING, "failed"), else_=runs.c.status)),
)
