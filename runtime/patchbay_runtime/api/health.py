"""Probes and metrics."""

import asyncio

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from patchbay_runtime.api.guard import OPEN
from patchbay_runtime.api.resources import ResourcesOf

PROBE_SECONDS = 2.0

router = APIRouter()


@router.get("/healthz", dependencies=[OPEN])
async def alive() -> dict[str, str]:
    """The process serves requests."""
    return {"status": "ok"}


@router.get("/readyz", dependencies=[OPEN])
async def ready(resources: ResourcesOf) -> dict[str, str]:
    """MariaDB and Redis can be reached; 503 where not."""
    async with asyncio.timeout(PROBE_SECONDS):
        await resources.queue.ping()
        async with resources.database.transaction() as connection:
            await connection.execute(text("SELECT 1"))
    return {"status": "ok"}


@router.get("/metrics", dependencies=[OPEN])
async def metrics() -> Response:
    """The replica's own metrics in Prometheus' text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
