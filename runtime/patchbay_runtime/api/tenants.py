"""Tenants."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse
from typing_extensions import TypedDict

from patchbay_runtime.api.answers import guarded
from patchbay_runtime.api.audit import Act, change
from patchbay_runtime.api.errors import not_found
from patchbay_runtime.api.guard import needs
from patchbay_runtime.api.path_names import GivenName
from patchbay_runtime.api.resources import Resources, ResourcesOf
from patchbay_runtime.names import NAME_PATTERN, is_name
from patchbay_runtime.rights.operations import Operation
from patchbay_runtime.storage import tenant_repository

router = APIRouter(prefix="/api/tenants")

# Tenants are never removed, so one that was seen is there.
_seen: set[tuple[str, int, str]] = set()


async def tenant_is_there(tenant: str, resources: Resources) -> bool:
    """Whether the tenant has been created."""
    if not is_name(tenant):
        return False
    settings = resources.settings
    key = (settings.database_host, settings.database_port, tenant)
    if key not in _seen:
        async with resources.database.transaction() as connection:
            if not await tenant_repository.tenant_exists(connection, tenant):
                return False
        _seen.add(key)
    return True


async def existing_tenant(tenant: GivenName, resources: ResourcesOf) -> str:
    """The tenant of the path; 404 where it has not been created."""
    if not await tenant_is_there(tenant, resources):
        raise not_found("tenant", tenant)
    return tenant


Tenant = Annotated[str, Depends(existing_tenant)]


class Known(TypedDict):
    """A tenant that is there."""

    tenant: str


@router.put(
    "/{tenant}",
    dependencies=[needs(Operation.TENANT_CREATE)],
    response_model=Known,
    responses={201: {"model": Known, "description": "Created"}, **guarded(404, 422)},
)
async def create_tenant(
    request: Request, tenant: Annotated[str, Path(pattern=NAME_PATTERN)], resources: ResourcesOf
) -> JSONResponse:
    """Create a tenant and its schema: 201, or 200 if it is there."""
    from patchbay_runtime.migrations import create_tenant_schema  # noqa: PLC0415 - slow to import, seldom needed

    await create_tenant_schema(resources.settings, tenant)
    created = await change(
        request,
        resources.database,
        None,
        lambda connection: tenant_repository.add_tenant(connection, tenant),
        lambda created: Act("a tenant was created" if created else "a tenant's schema was brought up to date"),
    )
    return JSONResponse(Known(tenant=tenant), status_code=HTTPStatus.CREATED if created else HTTPStatus.OK)
