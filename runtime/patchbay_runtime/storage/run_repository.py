"""Runs in a tenant's schema."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Row, Select, bindparam, case, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.steps.json_text import JsonText
from patchbay_runtime.storage.tenant_tables import processes, runs

NOW = func.now(6)
OUTPUTS_AT_ONCE: Final = 1000

RunStatus = Literal["running", "completed", "failed"]


@dataclass(frozen=True)
class RunState:
    """A run without its processes; times in UTC."""

    id: str
    flow: str
    version: int
    status: RunStatus
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


async def processes_of(
    connection: AsyncConnection, run: str, after: str, limit: int, largest: int
) -> tuple[list[Row[Any]], bool]:
    """The run's processes after `after`, in order of their identifiers, and whether there are more.

    At most `limit`, and not more than `largest` characters of what they show, but for a single one.
    """
    found = list(await connection.execute(_SIZES, {"run": run, "after": after, "limit": limit + 1}))
    page = _fitting(found[:limit], largest) or [row.id for row in found[:1]]
    rows = list(await connection.execute(_SHOWN.where(processes.c.id.in_(page)))) if page else []
    return rows, len(page) < len(found)


async def outputs_of(connection: AsyncConnection, run: str, largest: int) -> list[tuple[str, JsonText]] | None:
    """What the run's paths ended with, by the element of the splits that they belong to.

    None where that is more than `largest` characters.
    """
    found: list[tuple[str, JsonText]] = []
    last = ""
    while True:
        ended = list(await connection.execute(_OUTPUT_SIZES, {"run": run, "after": last, "limit": OUTPUTS_AT_ONCE}))
        fitting = _fitting(ended, largest)
        if len(fitting) < len(ended):
            return None
        largest -= sum(row.size for row in ended)
        if fitting:
            rows = await connection.execute(_OUTPUTS.where(processes.c.id.in_(fitting)))
            found += [(row.element, JsonText(row.output)) for row in rows]
        if len(ended) < OUTPUTS_AT_ONCE:
            return found
        last = ended[-1].id


def _fitting(rows: Sequence[Row[Any, Any]], largest: int) -> list[str]:
    """The identifiers of the first ones that are together not larger."""
    fitting = []
    for row in rows:
        largest -= row.size
        if largest < 0:
            break
        fitting.append(row.id)
    return fitting


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
_TABLE = processes.c
_OF_RUN = (_TABLE.run == bindparam("run"), _TABLE.id > bindparam("after"))
# To read the length of what is from before it was counted takes reading it.
_SIZE = func.coalesce(_TABLE.shown_size, func.octet_length(func.coalesce(_TABLE.output, _TABLE.payload, ""))).label(
    "size"
)
_SIZES = (
    select(_TABLE.id, _SIZE)
    .where(*_OF_RUN)
    .order_by(_TABLE.id)
    .limit(bindparam("limit"))
    # From the primary key's place MariaDB would read rows of other runs, as those of one lie together.
    .with_hint(processes, "FORCE INDEX (page_of_run)", "mysql")
)
_ENDED = (_TABLE.leaf == 1, _TABLE.output.is_not(None))
_OUTPUT_SIZES = _SIZES.where(*_ENDED)
_OUTPUTS = select(_TABLE.element, _TABLE.output)
_SHOWN: Select[Any] = select(
    _TABLE.id, _TABLE.parent, _TABLE.step, _TABLE.shape, _TABLE.element, _TABLE.status, _TABLE.attempts, _TABLE.leaf,
    _TABLE.payload, _TABLE.output, _TABLE.error, _TABLE.started_at, _TABLE.finished_at,
).order_by(_TABLE.id)  # fmt: skip

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
