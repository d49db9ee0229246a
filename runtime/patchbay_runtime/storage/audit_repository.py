"""The audit's entries; the schema `audit` is translated to the environment's own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, MetaData, String, Table, insert, select
from sqlalchemy.dialects.mysql import DATETIME, LONGTEXT
from sqlalchemy.ext.asyncio import AsyncConnection

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


async def page(connection: AsyncConnection, tenant: str | None, before: int | None, most: int) -> list[KeptEntry]:
    """The newest entries whose number is below `before`; of one tenant, or with None all."""
    query = select(_entries).order_by(_entries.c.id.desc()).limit(most)
    if tenant is not None:
        query = query.where(_entries.c.tenant == tenant)
    if before is not None:
        query = query.where(_entries.c.id < before)
    rows = (await connection.execute(query)).mappings()
    return [KeptEntry(**{**row, "about": json.loads(row["about"])}) for row in rows]
