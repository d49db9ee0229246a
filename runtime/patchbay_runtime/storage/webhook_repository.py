"""The sealed secrets of webhooks in a tenant's schema."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, bindparam, case, func, select, text, update
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.storage.tenant_tables import flows, webhook_secrets

NOW: Final = func.now(6)


@dataclass(frozen=True)
class StoredHook:
    """A flow's latest version, and the sealed secrets that are good, the newest first.

    `unproven_until`: in UTC, where its senders need no secret yet.
    """

    version: int
    sealed: tuple[bytes, ...]
    unproven_until: datetime | None


async def find(connection: AsyncConnection, flow: str) -> StoredHook | None:
    """None if there is no such flow."""
    row = (await connection.execute(_FIND, {"flow": flow})).one_or_none()
    if row is None:
        return None
    sealed = tuple(bytes(sealed) for sealed in (row.sealed, row.older) if sealed)
    return StoredHook(row.latest_version, sealed, row.unproven)


async def add(connection: AsyncConnection, flow: str, sealed: bytes) -> bool:
    """Keep the flow's first secret; False if it has one."""
    query = insert(webhook_secrets).prefix_with("IGNORE").values(flow=flow, sealed=sealed)
    return (await connection.execute(query)).rowcount == 1


async def limit_unproven(connection: AsyncConnection, flow: str, seconds: int) -> None:
    """Have the flow's senders need a secret `seconds` from now, or when they would anyway if that is earlier."""
    end = func.least(flows.c.unproven_until, _after(seconds))
    marked = flows.c.unproven_until.is_not(None)
    await connection.execute(update(flows).where(flows.c.name == flow, marked).values(unproven_until=end))


async def replace(connection: AsyncConnection, flow: str, sealed: bytes, overlap_seconds: int) -> None:
    """Keep a new secret. The one before it is good for `overlap_seconds` more, any older one no longer."""
    kept = webhook_secrets.c
    first = insert(webhook_secrets).values(flow=flow, sealed=sealed)
    # In this order: MariaDB takes the values that the assignments before have set.
    changes = [
        ("older", kept.sealed if overlap_seconds else None),
        ("older_until", _after(overlap_seconds)),
        ("sealed", first.inserted.sealed),
    ]
    await connection.execute(first.on_duplicate_key_update(changes))


def _after(seconds: int) -> ColumnElement[datetime]:
    return func.timestampadd(text("SECOND"), seconds, NOW)


_GOOD: Final = case((webhook_secrets.c.older_until > NOW, webhook_secrets.c.older))
_UNPROVEN: Final = case((flows.c.unproven_until > NOW, flows.c.unproven_until))
_FIND: Final = (
    select(flows.c.latest_version, _UNPROVEN.label("unproven"), webhook_secrets.c.sealed, _GOOD.label("older"))
    .select_from(flows.outerjoin(webhook_secrets, webhook_secrets.c.flow == flows.c.name))
    .where(flows.c.name == bindparam("flow"))
)
