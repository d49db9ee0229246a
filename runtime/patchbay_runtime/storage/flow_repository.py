"""Flows and their versions in a tenant's schema."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.storage.payloads import decode, encode
from patchbay_runtime.storage.tenant_tables import flow_versions, flows

_LATEST = select(flows.c.latest_version).where(flows.c.name == bindparam("flow"))


@dataclass(frozen=True)
class FlowVersion:
    """A registered document; `created_at` in UTC, `size` of its JSON text."""

    flow: str
    version: int
    document: dict[str, Any]
    created_at: datetime
    size: int


async def add_version(connection: AsyncConnection, flow: str, document: dict[str, Any]) -> int:
    """Store a document as the flow's next version, counted from 1 without gaps."""
    first = insert(flows).values(name=flow, latest_version=1)
    # Takes the row's lock either way, so that two registrations at once get different numbers.
    await connection.execute(first.on_duplicate_key_update(latest_version=flows.c.latest_version + 1))
    version: int = (await connection.execute(_LATEST, {"flow": flow})).scalar_one()
    await connection.execute(insert(flow_versions).values(flow=flow, version=version, document=encode(document)))
    return version


async def latest_version(connection: AsyncConnection, flow: str) -> int | None:
    """The number of the flow's latest version; None if there is no such flow."""
    return await connection.scalar(_LATEST, {"flow": flow})


async def get_version(connection: AsyncConnection, flow: str, version: int) -> FlowVersion | None:
    """One version; None if there is no such flow or version."""
    query = select(flow_versions).where(flow_versions.c.flow == flow, flow_versions.c.version == version)
    row = (await connection.execute(query)).one_or_none()
    return FlowVersion(row.flow, row.version, decode(row.document), row.created_at, len(row.document)) if row else None


async def list_flows(connection: AsyncConnection) -> list[tuple[str, int]]:
    """Every flow with the number of its latest version, in order of name."""
    rows = await connection.execute(select(flows.c.name, flows.c.latest_version).order_by(flows.c.name))
    return [(row.name, row.latest_version) for row in rows]
