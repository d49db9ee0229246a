"""Processes in a tenant's schema."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Update, bindparam, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.storage.payloads import encode
from patchbay_runtime.storage.tenant_tables import processes

NOW = func.now(6)
OPEN = ("waiting", "delayed", "running")
INSERT_AT_ONCE_BYTES = 4 * 2**20
"""Well below the server's default packet of 16 MiB."""


@dataclass(frozen=True, slots=True)
class NewProcess:
    """A process to create."""

    id: str
    run: str
    parent: str | None
    flow: str
    version: int
    step: str
    shape: str
    element: str
    payload: str
    variables: str

    @property
    def size(self) -> int:
        """Of its texts, in characters."""
        return len(self.payload) + len(self.variables)


@dataclass(frozen=True, slots=True)
class StoredProcess:
    """A process as it was when its row was locked; what it is due in is negative when its time has come."""

    id: str
    run: str
    flow: str
    version: int
    step: str
    shape: str
    element: str
    status: str
    attempts: int
    payload: str | None
    variables: str | None
    due_in_microseconds: int

    @property
    def due_in(self) -> float:
        """Seconds until its time."""
        return self.due_in_microseconds / 1_000_000

    @property
    def is_open(self) -> bool:
        """Waiting or running."""
        return self.status in OPEN


_TABLE = processes.c

# The statements of a process's way are made once: making them for each costs more than running them.
_LOCK = (
    select(
        _TABLE.id, _TABLE.run, _TABLE.flow, _TABLE.version, _TABLE.step, _TABLE.shape, _TABLE.element, _TABLE.status,
        _TABLE.attempts, _TABLE.payload, _TABLE.variables,
        func.timestampdiff(text("MICROSECOND"), NOW, _TABLE.available_at).label("due_in_microseconds"),
    )
    .where(_TABLE.id == bindparam("process"))
    .with_for_update()
)  # fmt: skip
_INSERT = insert(processes)
_OPEN = update(processes).where(_TABLE.id == bindparam("process"), _TABLE.finished_at.is_(None))
_AFTER = func.timestampadd(text("MICROSECOND"), bindparam("microseconds"), NOW)
_STARTED = func.coalesce(_TABLE.started_at, NOW)
_BEGIN = _OPEN.values(status="running", started_at=NOW)
_COMPLETE = _OPEN.values(
    status="completed", leaf=bindparam("new_leaf"), output=bindparam("new_output"), payload=None, variables=None,
    shown_size=bindparam("new_size"),
    error=None, started_at=_STARTED, finished_at=NOW,
)  # fmt: skip
_FAIL = _OPEN.values(
    status="failed", error=bindparam("new_error"), attempts=_TABLE.attempts + 1, started_at=_STARTED, finished_at=NOW
)
_RETRY = _OPEN.values(
    status="waiting", error=bindparam("new_error"), attempts=_TABLE.attempts + 1, started_at=_STARTED,
    available_at=_AFTER,
)  # fmt: skip
_POSTPONE = _OPEN.values(status="delayed", available_at=_AFTER, started_at=NOW)


async def lock(connection: AsyncConnection, process: str) -> StoredProcess | None:
    """Read a process and keep others from changing it until the transaction ends; None if there is no such process.

    A server that is read-only refuses the lock: one that has been demoted does not say that a new process is unknown.
    """
    row = (await connection.execute(_LOCK, {"process": process})).one_or_none()
    return StoredProcess(**row._mapping) if row else None


async def add(connection: AsyncConnection, new: Sequence[NewProcess]) -> None:
    """Add waiting processes, in as few statements as their size allows."""
    batch: list[dict[str, Any]] = []
    size = 0
    for process in new:
        size += process.size + 500
        if batch and size > INSERT_AT_ONCE_BYTES:
            await connection.execute(_INSERT, batch)
            batch, size = [], 0
        given = {name: getattr(process, name) for name in NewProcess.__slots__}
        batch.append({**given, "status": "waiting", "shown_size": len(process.payload)})
    if batch:
        await connection.execute(_INSERT, batch if len(batch) > 1 else batch[0])


async def children_not_begun(connection: AsyncConnection, parent: StoredProcess) -> dict[str, list[str]]:
    """The identifiers of a process's waiting children, by shape."""
    query = select(_TABLE.id, _TABLE.shape).where(
        _TABLE.run == parent.run, _TABLE.parent == parent.id, _TABLE.status == "waiting"
    )
    found: dict[str, list[str]] = {}
    for row in await connection.execute(query):
        found.setdefault(row.shape, []).append(row.id)
    return found


async def count_open(connection: AsyncConnection, most: int) -> int:
    """How many processes of the tenant are open, counted up to `most`."""
    found = select(_TABLE.id).where(_TABLE.status.in_(OPEN)).limit(most)
    return (await connection.execute(select(func.count()).select_from(found.subquery()))).scalar_one()


async def begin(connection: AsyncConnection, process: str) -> None:
    """Mark a process as running."""
    await connection.execute(_BEGIN, {"process": process})


async def complete(connection: AsyncConnection, process: str, *, leaf: bool, output: str | None) -> bool:
    """Complete an open process; False if it was finished before. Its payload is not kept."""
    return await _change(
        connection, _COMPLETE, process, new_leaf=int(leaf), new_output=output, new_size=len(output or "")
    )


async def fail(connection: AsyncConnection, process: str, error: dict[str, Any]) -> bool:
    """Fail an open process for good; False if it was finished before. Its payload is kept."""
    return await _change(connection, _FAIL, process, new_error=encode(error))


async def retry_later(connection: AsyncConnection, process: str, error: dict[str, Any], seconds: float) -> bool:
    """Let a failed execution be repeated after a time; False if the process was finished before."""
    microseconds = round(seconds * 1_000_000)
    return await _change(connection, _RETRY, process, new_error=encode(error), microseconds=microseconds)


async def postpone(connection: AsyncConnection, process: str, seconds: float) -> bool:
    """Let a process go on after a time; False if it was finished before."""
    return await _change(connection, _POSTPONE, process, microseconds=round(seconds * 1_000_000))


async def _change(connection: AsyncConnection, statement: Update, process: str, **values: object) -> bool:
    return (await connection.execute(statement, {"process": process, **values})).rowcount == 1


async def get(connection: AsyncConnection, process: str) -> Row[Any] | None:
    """A process with all of its columns."""
    return (await connection.execute(select(processes).where(_TABLE.id == process))).one_or_none()
