"""The check value of the environment's sealing key, in the control schema."""

from sqlalchemy import select
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.storage.control_tables import sealing_key

_ONLY = 1


async def find(connection: AsyncConnection) -> str | None:
    """None where none has been kept yet."""
    return await connection.scalar(select(sealing_key.c.check_value).where(sealing_key.c.id == _ONLY))


async def keep(connection: AsyncConnection, check_value: str) -> None:
    """Keep it in place of any other one."""
    first = insert(sealing_key).values(id=_ONLY, check_value=check_value)
    await connection.execute(first.on_duplicate_key_update(check_value=first.inserted.check_value))
