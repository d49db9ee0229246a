"""Processes in a tenant's schema."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.storage.payloads import LARGEST_VARIABLES_BYTES, decode, encode
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


@dataclass(frozen=True, slots=True)
class StoredProcess:
    """A process as it was when its row was locked; `due_in` in seconds, negative when its time has come."""

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
    due_in: float

    @property
    def is_open(self) -> bool:
        """Waiting or running."""
        return self.status in OPEN


_TABLE = processes.c
_LOCKED = (
    select(
        _TABLE.id, _TABLE.run, _TABLE.flow, _TABLE.version, _TABLE.step, _TABLE.shape, _TABLE.element, _TABLE.status,
        _TABLE.attempts, _TABLE.payload, _TABLE.variables,
        (func.timestampdiff(text("MICROSECOND"), NOW, _TABLE.available_at) / 1_000_000.0).label("due_in"),
    )
    .with_for_update()
)  # fmt: skip


async def lock(connection: AsyncConnection, process: str) -> StoredProcess | None:
    """Read a process and keep others from changing it until the transaction ends."""
    row = (await connection.execute(_LOCKED.where(_TABLE.id == process))).one_or_none()
    return StoredProcess(**{**row._mapping, "due_in": float(row.due_in)}) if row else None


async def add(connection: AsyncConnection, new: Sequence[NewProcess]) -> None:
    """Add waiting processes, in as few statements as their size allows."""
    batch: list[dict[str, Any]] = []
    size = 0
    for process in new:
        size += len(process.payload) + len(process.variables) + 500
        if batch and size > INSERT_AT_ONCE_BYTES:
            await connection.execute(insert(processes), batch)
            batch, size = [], 0
        batch.append({name: getattr(process, name) for name in NewProcess.__slots__} | {"status": "waiting"})
    if batch:
        await connection.execute(insert(processes), batch)


async def children_not_begun(connection: AsyncConnection, parent: StoredProcess) -> dict[str, list[str]]:
    """The identifiers of a process's waiting children, by shape."""
    query = select(_TABLE.id, _TABLE.shape).where(
        _TABLE.run == parent.run, _TABLE.parent == parent.id, _TABLE.status == "waiting"
    )
    found: dict[str, list[str]] = {}
    for row in await connection.execute(query):
        found.setdefault(row.shape, []).append(row.id)
    return found


async def begin(connection: AsyncConnection, process: str) -> None:
    """Mark a process as running."""
    change = update(processes).where(_TABLE.id == process)
    await connection.execute(change.values(status="running", started_at=NOW))


async def complete(connection: AsyncConnection, process: str, *, leaf: bool, output: str | None) -> bool:
    """Complete an open process; False if it was finished before. Its payload is not kept."""
    change = update(processes).where(_TABLE.id == process, _TABLE.status.in_(OPEN))
    result = await connection.execute(
        change.values(
            status="completed", leaf=int(leaf), output=output, payload=None, variables=None, error=None,
            started_at=func.coalesce(_TABLE.started_at, NOW), finished_at=NOW,
        )
    )  # fmt: skip
    return result.rowcount == 1


async def fail(connection: AsyncConnection, process: str, error: dict[str, Any]) -> bool:
    """Fail an open process for good; False if it was finished before. Its payload is kept."""
    change = update(processes).where(_TABLE.id == process, _TABLE.status.in_(OPEN))
    result = await connection.execute(
        change.values(
            status="failed", error=encode(error), attempts=_TABLE.attempts + 1,
            started_at=func.coalesce(_TABLE.started_at, NOW), finished_at=NOW,
        )
    )  # fmt: skip
    return result.rowcount == 1


async def retry_later(connection: AsyncConnection, process: str, error: dict[str, Any], seconds: float) -> bool:
    """Let a failed execution be repeated after a time; False if the process was finished before."""
    change = update(processes).where(_TABLE.id == process, _TABLE.status.in_(OPEN))
    result = await connection.execute(
        change.values(
            status="waiting", error=encode(error), attempts=_TABLE.attempts + 1, available_at=_after(seconds),
            started_at=func.coalesce(_TABLE.started_at, NOW),
        )
    )  # fmt: skip
    return result.rowcount == 1


async def postpone(connection: AsyncConnection, process: str, seconds: float) -> bool:
    """Let a process go on after a time; False if it was finished before."""
    change = update(processes).where(_TABLE.id == process, _TABLE.status.in_(OPEN))
    values = {"status": "delayed", "available_at": _after(seconds), "started_at": NOW}
    return (await connection.execute(change.values(values))).rowcount == 1


def _after(seconds: float) -> Any:
    return func.timestampadd(text("MICROSECOND"), round(seconds * 1_000_000), NOW)


def variables_text(variables: dict[str, Any]) -> str:
    """The variables as they are stored with a process."""
    return encode(variables, LARGEST_VARIABLES_BYTES)


def decode_variables(process: StoredProcess) -> dict[str, Any]:
    """The variables that a process was created with."""
    return decode(process.variables) or {}


async def get(connection: AsyncConnection, process: str) -> Row[Any] | None:
    """A process with all of its columns."""
    return (await connection.execute(select(processes).where(_TABLE.id == process))).one_or_none()
