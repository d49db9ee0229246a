"""The API's application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from fastapi import FastAPI

from patchbay_runtime.api import flows, health, openings, runs, tenants
from patchbay_runtime.api.errors import add_error_handlers
from patchbay_runtime.api.resources import Resources, open_resources, queue_of
from patchbay_runtime.catalog import CATALOG
from patchbay_runtime.execution.reconciler import USUAL_SWEEPS, SweepPace
from patchbay_runtime.horizon import horizon_router
from patchbay_runtime.settings import Settings


class _State(TypedDict):
    resources: Resources


def create_app(settings: Settings, sweeps: SweepPace = USUAL_SWEEPS) -> FastAPI:
    """The application; connections are made when it starts."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[_State]:
        async with open_resources(settings, sweeps) as resources:
            yield {"resources": resources}

    app = FastAPI(title="Patchbay", lifespan=lifespan, redirect_slashes=False)
    add_error_handlers(app)
    for module in (tenants, flows, runs, openings, health):
        app.include_router(module.router)
    app.include_router(horizon_router(queue_of, CATALOG))
    return app
