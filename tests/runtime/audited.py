"""The audit as its readers see it."""

from typing import Any

import httpx

from tests.runtime.conftest import Tenant


async def entries(client: httpx.AsyncClient, tenant: Tenant, **page: int) -> list[dict[str, Any]]:
    """The tenant's entries, newest first."""
    answer = await client.get(f"{tenant.path}/audit", params=page)
    assert answer.is_success, answer.text
    found: list[dict[str, Any]] = answer.json()["entries"]
    return found
