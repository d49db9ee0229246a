"""The audit, as its readers see it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from patchbay_runtime.api.flows import timestamp
from patchbay_runtime.api.guard import needs
from patchbay_runtime.api.resources import Resources, ResourcesOf
from patchbay_runtime.api.tenants import Tenant
from patchbay_runtime.rights.operations import Operation
from patchbay_runtime.storage import audit_repository
from patchbay_runtime.storage.audit_repository import KeptEntry

router = APIRouter()

Before = Annotated[int | None, Query(ge=1, le=2**63 - 1)]
Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get("/api/tenants/{tenant}/audit", dependencies=[needs(Operation.AUDIT_READ)])
async def of_tenant(
    tenant: Tenant, resources: ResourcesOf, before: Before = None, limit: Limit = 100
) -> dict[str, Any]:
    """What was done in the tenant, newest first; the next page is `before` the last entry of this one."""
    return await _page(resources, tenant, before, limit)


@router.get("/api/platform/audit", dependencies=[needs(Operation.AUDIT_READ)])
async def of_all(resources: ResourcesOf, before: Before = None, limit: Limit = 100) -> dict[str, Any]:
    """What was done in all tenants and on the platform, newest first."""
    return await _page(resources, None, before, limit)


async def _page(resources: Resources, tenant: str | None, before: int | None, limit: int) -> dict[str, Any]:
    async with resources.database.transaction() as connection:
        found = await audit_repository.page(connection, tenant, before, limit)
    return {"entries": [_view(entry) for entry in found]}


def _view(entry: KeptEntry) -> dict[str, Any]:
    return {**vars(entry), "at": timestamp(entry.at)}
