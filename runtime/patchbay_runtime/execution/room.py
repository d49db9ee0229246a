"""How many more processes a tenant may have open."""

import time
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.storage import process_repository

LOOK_SECONDS: Final = 1.0


@dataclass(slots=True)
class _Look:
    at: float
    left: int


class Room:
    """Looks once a second for each tenant and counts what this program takes meanwhile, but not what others do."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._looks: dict[str, _Look] = {}

    async def take(self, connection: AsyncConnection, tenant: str, processes: int) -> bool:
        """Whether there is room for so many; then it is taken. `connection` must be in the tenant's schema."""
        look = self._looks.get(tenant)
        now = time.monotonic()
        if look is None or now - look.at > LOOK_SECONDS:
            if look is not None:
                # Whoever comes while this one looks goes by what was found before.
                look.at = now
            count = await process_repository.count_open(connection, self._most)
            look = self._looks[tenant] = _Look(now, self._most - count)
        if look.left < processes:
            return False
        look.left -= processes
        return True
