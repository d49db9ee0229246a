"""How many more processes a tenant may have open."""

import time
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.storage import process_repository
from patchbay_runtime.storage.database import Database

LOOK_SECONDS: Final = 1.0


@dataclass(slots=True)
class _Look:
    at: float
    left: int


class Room:
    """Looks once a second for each tenant and counts what this program takes meanwhile, but not what others do."""

    def __init__(self, database: Database, most: int) -> None:
        self._database = database
        self._most = most
        self._looks: dict[str, _Look] = {}

    async def take(self, tenant: str, processes: int, connection: AsyncConnection | None = None) -> bool:
        """Whether there is room for so many; then it is taken. Raises what the database raises.

        `connection`: in the tenant's schema, to look by; without one a look is a transaction of its own.
        """
        look = self._looks.get(tenant)
        now = time.monotonic()
        if look is None or now - look.at > LOOK_SECONDS:
            if look is not None:
                # Whoever comes while this one looks goes by what was found before.
                look.at = now
            count = await self._count(tenant, connection)
            look = self._looks[tenant] = _Look(now, self._most - count)
        if look.left < processes:
            return False
        look.left -= processes
        return True

    async def _count(self, tenant: str, connection: AsyncConnection | None) -> int:
        if connection is not None:
            return await process_repository.count_open(connection, self._most)
        async with self._database.transaction(tenant) as own:
            return await process_repository.count_open(own, self._most)
