"""The audit, as its readers see it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from typing_extensions import TypedDict

from patchbay_runtime.api.answers import Moment, guarded, timestamp
from patchbay_runtime.api.guard import needs
from patchbay_runtime.api.resources import Resources, ResourcesOf
from patchbay_runtime.api.tenants import Tenant
from patchbay_runtime.rights.operations import Operation
from patchbay_runtime.storage import audit_repository

router = APIRouter()

Before = Annotated[int | None, Query(ge=1, le=2**63 - 1)]
After = Annotated[int | None, Query(ge=0, le=2**63 - 1)]
Limit = Annotated[int, Query(ge=1, le=1000)]


class Entry(TypedDict):
    """Who did what, when and whence. `tenant`: None for what is the platform's."""

    id: int
    at: Moment
    tenant: str | None
    principal: str
    role: str
    source: str | None
    operation: str
    what: str
    about: dict[str, Any]


class EntryPage(TypedDict):
    """The newest first or, of a page `after` an entry, the oldest."""

    entries: list[Entry]


@router.get("/api/tenants/{tenant}/audit", dependencies=[needs(Operation.AUDIT_READ)], responses=guarded(404, 422))
async def of_tenant(
    tenant: Tenant, resources: ResourcesOf, before: Before = None, after: After = None, limit: Limit = 100
) -> EntryPage:
    """What was done in the tenant, newest first; the next page is `before` the last entry of this one.

    To export: `after` the last entry that is known, oldest first and complete, those of the last five minutes left out.
    """
    return await _page(resources, tenant, before, after, limit)


@router.get("/api/platform/audit", dependencies=[needs(Operation.AUDIT_READ)], responses=guarded(422))
async def of_all(resources: ResourcesOf, before: Before = None, after: After = None, limit: Limit = 100) -> EntryPage:
    """What was done in all tenants and on the platform, newest first; or as of a tenant to export."""
    return await _page(resources, None, before, after, limit)


async def _page(
    resources: Resources, tenant: str | None, before: int | None, after: int | None, limit: int
) -> EntryPage:
    async with resources.database.transaction() as connection:
        if after is None:
            found = await audit_repository.page(connection, tenant, before, limit)
        else:
            found = await audit_repository.settled(connection, tenant, after, before, limit)
    return {
        "entries": [
            Entry(
                id=entry.id,
                at=timestamp(entry.at),
                tenant=entry.tenant,
                principal=entry.principal,
                role=entry.role,
                source=entry.source,
                operation=entry.operation,
                what=entry.what,
                about=dict(entry.about),
            )
            for entry in found
        ]
    }
