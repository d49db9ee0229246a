"""Tenants in the control schema."""

from sqlalchemy import select
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.storage.control_tables import tenants


async def tenant_exists(connection: AsyncConnection, name: str) -> bool:
    """Whether the tenant has been created."""
    return await connection.scalar(select(tenants.c.name).where(tenants.c.name == name)) is not None


async def tenant_names(connection: AsyncConnection) -> list[str]:
    """All tenants, in order of name."""
    return list(await connection.scalars(select(tenants.c.name).order_by(tenants.c.name)))


async def add_tenant(connection: AsyncConnection, name: str) -> bool:
    """Record a tenant; False if it was there before."""
    result = await connection.execute(insert(tenants).prefix_with("IGNORE").values(name=name))
    return result.rowcount == 1


async def hold(connection: AsyncConnection, tenant: str | None) -> None:
    """Have whoever else holds the tenant wait until this transaction ends. There is nothing to hold of the platform."""
    if tenant is not None:
        await connection.execute(select(tenants.c.name).where(tenants.c.name == tenant).with_for_update())
