"""The audit's entries; the schema `audit` is translated to the environment's own."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any, Final

from sqlalchemy import BigInteger, Column, MetaData, Select, String, Table, func, insert, select, text
from sqlalchemy.dialects.mysql import DATETIME, LONGTEXT
from sqlalchemy.ext.asyncio import AsyncConnection

SETTLED_SECONDS: Final = 300
"""No entry comes any more whose number is lower than that of one so old.

It is several times IDLE_TRANSACTION_SECONDS, by which the server ends a transaction whose API has fallen silent.
"""

_entries = Table(
    "entries",
    MetaData(schema="audit"),
    Column("id", BigInteger, primary_key=True),
    Column("at", DATETIME(fsp=6)),
    Column("tenant", String(40)),
    Column("principal", String(64)),
    Column("role", String(20)),
    Column("source", String(45)),
    Column("operation", String(40)),
    Column("what", String(100)),
    Column("about", LONGTEXT),
)


@dataclass(frozen=True)
class Entry:
    """Who did what. `source`: the caller's address. `about`: names, identifiers and configuration, never a secret."""

    tenant: str | None
    principal: str
    role: str
    source: str | None
    operation: str
    what: str
    about: Mapping[str, Any]


@dataclass(frozen=True)
class KeptEntry(Entry):
    """With its number and its time, in UTC."""

    id: int
    at: datetime


async def add(connection: AsyncConnection, entry: Entry) -> None:
    """Add an entry, which is kept if the transaction is."""
    values = {**vars(entry), "about": json.dumps(entry.about, sort_keys=True)}
    # Inline: to read back what the server has added would take the right to name it.
    await connection.execute(insert(_entries).inline().values(values))


async def settled(
    connection: AsyncConnection, tenant: str | None, after: int, before: int | None, most: int
) -> list[KeptEntry]:
    """The oldest entries between two numbers before which none can come any more; of one tenant, or of all.

    Of entries that came together, the lower number may have the later time. So the first that is too new ends the
    list, whatever the times of those that follow.
    """
    since = func.timestampadd(text("SECOND"), -SETTLED_SECONDS, func.now(6))
    query = select(_entries, (_entries.c.at < since).label("settled")).where(_entries.c.id > after)
    rows = await _rows(connection, query.order_by(_entries.c.id), tenant, before, most)
    return [_kept(row) for row in takewhile(lambda row: bool(row["settled"]), rows)]


async def page(connection: AsyncConnection, tenant: str | None, before: int | None, most: int) -> list[KeptEntry]:
    """The newest entries whose number is below `before`; of one tenant, or with None all."""
    query = select(_entries).order_by(_entries.c.id.desc())
    return [_kept(row) for row in await _rows(connection, query, tenant, before, most)]


async def _rows(
    connection: AsyncConnection, query: Select[Any], tenant: str | None, before: int | None, most: int
) -> Sequence[Mapping[Any, Any]]:
    if before is not None:
        query = query.where(_entries.c.id < before)
    if tenant is not None:
        query = query.where(_entries.c.tenant == tenant)
    found: Sequence[Mapping[Any, Any]] = (await connection.execute(query.limit(most))).mappings().all()
    return found


def _kept(row: Mapping[Any, Any]) -> KeptEntry:
    values = {column.name: row[column.name] for column in _entries.c}
    return KeptEntry(**{**values, "about": json.loads(row["about"])})
