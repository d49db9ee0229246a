"""Invitations in the control schema: their digests, never the codes."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.rights.roles import Role
from patchbay_runtime.storage import tenant_repository
from patchbay_runtime.storage.control_tables import invitations

_NOW: Final = func.now(6)
_LIVE: Final = invitations.c.expires_at > _NOW
_SHOWN: Final = [column for column in invitations.c if column is not invitations.c.digest]


@dataclass(frozen=True)
class StoredInvitation:
    """An invitation that nobody has taken yet. `tenant`: None for one to the platform; times are in UTC."""

    id: str
    tenant: str | None
    role: Role
    created_at: datetime
    created_by: str
    expires_at: datetime


@dataclass(frozen=True)
class NewInvitation:
    """An invitation to be stored, good for `days` from then on."""

    id: str
    digest: str = field(repr=False)
    tenant: str | None
    role: Role
    days: int
    created_by: str


async def add(connection: AsyncConnection, invitation: NewInvitation) -> None:
    """Store an invitation."""
    await connection.execute(
        insert(invitations).values(
            id=invitation.id,
            digest=invitation.digest,
            tenant=invitation.tenant,
            role=invitation.role,
            created_by=invitation.created_by,
            expires_at=func.timestampadd(text("DAY"), invitation.days, _NOW),
        )
    )


async def with_digest(connection: AsyncConnection, invitation: str) -> tuple[StoredInvitation, str] | None:
    """The live invitation of that id and its digest, locked; None if there is none."""
    query = select(invitations).where(invitations.c.id == invitation, _LIVE).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else (_stored(row), row.digest)


async def list_of(connection: AsyncConnection, tenant: str | None) -> list[StoredInvitation]:
    """The live ones to the tenant or, with None, to the platform, the newest first."""
    newest = (invitations.c.created_at.desc(), invitations.c.id)
    rows = await connection.execute(select(*_SHOWN).where(_of(tenant), _LIVE).order_by(*newest))
    return [_stored(row) for row in rows]


async def get(connection: AsyncConnection, tenant: str | None, invitation: str) -> StoredInvitation | None:
    """One to the tenant or, with None, to the platform, locked; None if there is none of that id."""
    query = select(*_SHOWN).where(invitations.c.id == invitation, _of(tenant)).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _stored(row)


async def count_live(connection: AsyncConnection, tenant: str | None) -> int:
    """How many may still be taken. Whoever else would add one to a tenant's waits until this transaction ends."""
    await tenant_repository.hold(connection, tenant)
    return (
        await connection.execute(select(func.count()).select_from(invitations).where(_of(tenant), _LIVE))
    ).scalar_one()


async def remove(connection: AsyncConnection, invitation: str) -> None:
    """Let nobody take it any more."""
    await connection.execute(delete(invitations).where(invitations.c.id == invitation))


async def remove_ended(connection: AsyncConnection, tenant: str | None) -> None:
    """Delete those that nobody has taken in time."""
    await connection.execute(delete(invitations).where(_of(tenant), invitations.c.expires_at <= _NOW))


def _of(tenant: str | None) -> ColumnElement[bool]:
    return invitations.c.tenant.is_(None) if tenant is None else invitations.c.tenant == tenant


def _stored(row: Row[Any]) -> StoredInvitation:
    return StoredInvitation(
        id=row.id,
        tenant=row.tenant,
        role=Role(row.role),
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
    )
