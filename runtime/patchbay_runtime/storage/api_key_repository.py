"""API keys in the control schema: their digests, never the keys."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Row, Select, case, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.rights.operations import Operation
from patchbay_runtime.rights.roles import Role
from patchbay_runtime.storage import tenant_repository
from patchbay_runtime.storage.control_tables import api_keys

State = Literal["live", "expired", "revoked"]

KEPT_DAYS: Final = 90
"""For which a key that has ended is shown, and its holder told so."""

# So many are deleted at once: whoever makes a key waits for it.
_MOST_DELETED: Final = 100
# One clock for all replicas.
_NOW: Final = func.now(6)
_STATE: Final = case(
    (api_keys.c.revoked_at.is_not(None), "revoked"), (api_keys.c.expires_at <= _NOW, "expired"), else_="live"
).label("state")
_KEY: Final[Select[Any]] = select(*(column for column in api_keys.c if column is not api_keys.c.digest), _STATE)


@dataclass(frozen=True)
class StoredKey:
    """A key without what it is known by. `tenant`: None for the platform's; `scopes`: None for all of the role's.

    Times are in UTC. `days`: for which it was asked for, whenever it ends.
    """

    id: str
    tenant: str | None
    name: str
    role: Role
    scopes: frozenset[Operation] | None
    days: int
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked_at: datetime | None
    state: State


@dataclass(frozen=True)
class NewKey:
    """A key to be stored, good for `days` from then on."""

    id: str
    digest: str = field(repr=False)
    tenant: str | None
    name: str
    role: Role
    scopes: frozenset[Operation] | None
    days: int
    created_by: str


async def with_digest(connection: AsyncConnection, key: str) -> tuple[StoredKey, str] | None:
    """The key of that id and its digest; None if there is none."""
    query = _KEY.add_columns(api_keys.c.digest).where(api_keys.c.id == key)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else (_stored(row), row.digest)


async def get(connection: AsyncConnection, tenant: str | None, key: str) -> StoredKey | None:
    """A key of the tenant or, with None, of the platform, locked; None if it has none of that id."""
    query = _KEY.where(api_keys.c.id == key, _of(tenant)).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _stored(row)


async def latest(connection: AsyncConnection, tenant: str | None, most: int) -> list[StoredKey]:
    """The live keys, the newest first, and then those that ended, the last first; at most `most`."""
    # Live ones are those that end last. An index has this order.
    order = (api_keys.c.ends_at.desc(), api_keys.c.id.desc())
    rows = await connection.execute(_KEY.where(_of(tenant)).order_by(*order).limit(most))
    found = [_stored(row) for row in rows]
    live = [key for key in found if key.state == "live"]
    live.sort(key=lambda key: key.created_at, reverse=True)
    return live + [key for key in found if key.state != "live"]


async def count_live(connection: AsyncConnection, tenant: str | None) -> int:
    """How many of the keys are live. Whoever else would add one to a tenant's waits until this transaction ends."""
    await tenant_repository.hold(connection, tenant)
    query = select(func.count()).select_from(api_keys).where(_of(tenant), api_keys.c.ends_at > _NOW)
    return (await connection.execute(query)).scalar_one()


async def add(connection: AsyncConnection, key: NewKey) -> None:
    """Store a key."""
    await connection.execute(
        insert(api_keys).values(
            id=key.id,
            digest=key.digest,
            tenant=key.tenant,
            name=key.name,
            role=key.role,
            scopes=None if key.scopes is None else sorted(key.scopes),
            days=key.days,
            created_by=key.created_by,
            expires_at=_after("DAY", key.days),
        )
    )


async def extend(connection: AsyncConnection, key: str, days: int) -> None:
    """Let it end in so many days."""
    await connection.execute(update(api_keys).where(api_keys.c.id == key).values(expires_at=_after("DAY", days)))


async def end_within(connection: AsyncConnection, key: str, seconds: int) -> None:
    """Let it end in so many seconds, if it does not end before."""
    ends = func.least(api_keys.c.expires_at, _after("SECOND", seconds))
    await connection.execute(update(api_keys).where(api_keys.c.id == key).values(expires_at=ends))


async def delete_ended(connection: AsyncConnection, tenant: str | None, *, kept: str | None = None) -> None:
    """Delete keys that ended more than KEPT_DAYS ago, those first that ended first, but none that is called `kept`."""
    ended = [_of(tenant), api_keys.c.ends_at < _after("DAY", -KEPT_DAYS)]
    if kept is not None:
        ended.append(api_keys.c.name != kept)
    query = select(api_keys.c.id).where(*ended).order_by(api_keys.c.ends_at).limit(_MOST_DELETED)
    if found := list(await connection.scalars(query)):
        await connection.execute(delete(api_keys).where(api_keys.c.id.in_(found)))


async def revoke(connection: AsyncConnection, key: str) -> None:
    """End it at once."""
    live = api_keys.c.revoked_at.is_(None)
    await connection.execute(update(api_keys).where(api_keys.c.id == key, live).values(revoked_at=_NOW))


async def revoke_others(connection: AsyncConnection, name: str, key: str) -> None:
    """End the platform's keys of that name, but for one."""
    others = (api_keys.c.tenant.is_(None), api_keys.c.name == name, api_keys.c.id != key)
    change = update(api_keys).where(*others, api_keys.c.revoked_at.is_(None))
    await connection.execute(change.values(revoked_at=_NOW))


def _of(tenant: str | None) -> ColumnElement[bool]:
    return api_keys.c.tenant.is_(None) if tenant is None else api_keys.c.tenant == tenant


def _after(unit: Literal["DAY", "SECOND"], count: int) -> ColumnElement[Any]:
    return func.timestampadd(text(unit), count, _NOW)


def _stored(row: Row[Any]) -> StoredKey:
    scopes = None if row.scopes is None else frozenset(one for one in Operation if one in row.scopes)
    return StoredKey(
        id=row.id,
        tenant=row.tenant,
        name=row.name,
        role=Role(row.role),
        scopes=scopes,
        days=row.days,
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        state=row.state,
    )
