"""The API's application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from fastapi import FastAPI

from patchbay_runtime.api import (
    audit_entries,
    flows,
    health,
    keys,
    members,
    memberships,
    openings,
    runs,
    tenants,
    webhooks,
)
from patchbay_runtime.api.answers import guarded, refusals
from patchbay_runtime.api.errors import add_error_handlers
from patchbay_runtime.api.guard import needs
from patchbay_runtime.api.own_names import AT_OWN_NAME
from patchbay_runtime.api.resources import Resources, open_resources, queue_of
from patchbay_runtime.catalog import CATALOG
from patchbay_runtime.execution.reconciler import USUAL_SWEEPS, SweepPace
from patchbay_runtime.horizon import horizon_router
from patchbay_runtime.rights.operations import Operation
from patchbay_runtime.settings import Settings
from patchbay_runtime.webhooks.sealing import Sealer


class _State(TypedDict):
    resources: Resources


def create_app(settings: Settings, sweeps: SweepPace = USUAL_SWEEPS) -> FastAPI:
    """The application; connections are made when it starts. Raises SettingsError for a key that cannot be read."""
    sealer = Sealer.of(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[_State]:
        async with open_resources(settings, sealer, sweeps) as resources:
            yield {"resources": resources}

    # Without its documentation's own routes, which would be open.
    app = FastAPI(title="Patchbay", lifespan=lifespan, redirect_slashes=False, openapi_url=None)
    add_error_handlers(app)
    add_routes(app)
    return app


def add_routes(app: FastAPI) -> None:
    """Every route, with what it asks of its callers."""
    for router in (
        tenants.router, flows.router, webhooks.router, runs.router, keys.tenant_router, members.tenant_router,
        audit_entries.router,
    ):  # fmt: skip
        app.include_router(router, dependencies=[AT_OWN_NAME], responses=refusals(421))
    for router in (
        keys.platform_router, members.platform_router, memberships.router, openings.router, health.router,
    ):  # fmt: skip
        app.include_router(router)
    # Who scales the pods comes from inside the cluster, and must not depend on MariaDB.
    from_outside = needs(Operation.HORIZON_READ, from_outside=True)
    app.include_router(horizon_router(queue_of, CATALOG), dependencies=[from_outside], responses=guarded())
