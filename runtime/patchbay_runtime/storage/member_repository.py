"""People in the control schema: what they are in a tenant, or on the platform."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.rights.roles import Role
from patchbay_runtime.storage import tenant_repository
from patchbay_runtime.storage.control_tables import members

_SHOWN: Final = [column for column in members.c if column is not members.c.place]
_MEMBER: Final[Select[Any]] = select(*_SHOWN)


class AlreadyMemberError(Exception):
    """Somebody is one there already."""


@dataclass(frozen=True)
class StoredMember:
    """Somebody, whom `issuer` knows as `subject`, and calls `name` where people read it.

    `tenant`: None for the platform's own people; times are in UTC.
    """

    id: str
    tenant: str | None
    issuer: str
    subject: str
    name: str | None
    role: Role
    created_at: datetime
    created_by: str
    signed_in_at: datetime | None


@dataclass(frozen=True)
class NewMember:
    """Somebody to be added."""

    id: str
    tenant: str | None
    issuer: str
    subject: str
    name: str | None
    role: Role
    created_by: str


async def find(connection: AsyncConnection, issuer: str, subject: str, tenant: str | None) -> StoredMember | None:
    """What somebody is in the tenant or, if nothing there, on the platform."""
    # Its own place in the tenant comes first: the platform's is the empty one.
    places = [""] if tenant is None else ["", tenant]
    person = (members.c.issuer == issuer, members.c.subject == subject)
    query = _MEMBER.where(*person, members.c.place.in_(places)).order_by(members.c.place.desc()).limit(1)
    row = (await connection.execute(query)).one_or_none()
    # Letter by letter: MariaDB takes spaces at the end for nothing.
    return None if row is None or (row.issuer, row.subject) != (issuer, subject) else _stored(row)


async def by_id(connection: AsyncConnection, member: str) -> StoredMember | None:
    """The member of that id, wherever it is one; None if there is none."""
    row = (await connection.execute(_MEMBER.where(members.c.id == member))).one_or_none()
    return None if row is None else _stored(row)


async def all_of(connection: AsyncConnection, issuer: str, subject: str) -> list[StoredMember]:
    """All that somebody is, the platform first and then in order of tenants."""
    person = (members.c.issuer == issuer, members.c.subject == subject)
    rows = await connection.execute(_MEMBER.where(*person).order_by(members.c.place))
    return [_stored(row) for row in rows]


async def list_of(connection: AsyncConnection, tenant: str | None, most: int) -> list[StoredMember]:
    """The members of the tenant or, with None, of the platform, in order of their coming; at most `most`."""
    rows = await connection.execute(_MEMBER.where(_of(tenant)).order_by(members.c.created_at, members.c.id).limit(most))
    return [_stored(row) for row in rows]


async def get(connection: AsyncConnection, tenant: str | None, member: str) -> StoredMember | None:
    """One of them, locked; None if there is none of that id."""
    row = (await connection.execute(_MEMBER.where(members.c.id == member, _of(tenant)).with_for_update())).one_or_none()
    return None if row is None else _stored(row)


async def count(connection: AsyncConnection, tenant: str | None) -> int:
    """How many there are. Whoever else would add one to a tenant's waits until this transaction ends."""
    await tenant_repository.hold(connection, tenant)
    return (await connection.execute(select(func.count()).select_from(members).where(_of(tenant)))).scalar_one()


async def add(connection: AsyncConnection, member: NewMember) -> None:
    """Add somebody. Raises AlreadyMemberError."""
    try:
        await connection.execute(insert(members).values(**asdict(member)))
    except IntegrityError:
        raise AlreadyMemberError from None


async def change_role(connection: AsyncConnection, member: str, role: Role) -> None:
    """Give somebody another role."""
    await connection.execute(update(members).where(members.c.id == member).values(role=role))


async def remove(connection: AsyncConnection, member: str) -> None:
    """Let somebody be none any more, from the next request on."""
    await connection.execute(delete(members).where(members.c.id == member))


async def note_sign_in(connection: AsyncConnection, member: str, moment: datetime) -> bool:
    """Keep when somebody signed in last; False if that is known, or a later time."""
    is_new = (members.c.signed_in_at.is_(None)) | (members.c.signed_in_at < moment)
    query = update(members).where(members.c.id == member, is_new).values(signed_in_at=moment)
    return (await connection.execute(query)).rowcount == 1


def _of(tenant: str | None) -> ColumnElement[bool]:
    return members.c.place == ("" if tenant is None else tenant)


def _stored(row: Row[Any]) -> StoredMember:
    return StoredMember(**{**row._mapping, "role": Role(row.role)})
