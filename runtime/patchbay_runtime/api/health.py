"""Probes and metrics."""

import asyncio
import logging
from http import HTTPStatus

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from patchbay_runtime.api.errors import ApiError
from patchbay_runtime.api.guard import OPEN
from patchbay_runtime.api.resources import ResourcesOf
from patchbay_runtime.settings import SettingsError

PROBE_SECONDS = 2.0

router = APIRouter()

log = logging.getLogger(__name__)


@router.get("/healthz", dependencies=[OPEN])
async def alive() -> dict[str, str]:
    """The process serves requests."""
    return {"status": "ok"}


@router.get("/readyz", dependencies=[OPEN])
async def ready(resources: ResourcesOf) -> dict[str, str]:
    """MariaDB and Redis can be reached, 503 where not; and the sealing key is the one that there was before."""
    async with asyncio.timeout(PROBE_SECONDS):
        await resources.queue.ping()
        async with resources.database.transaction() as connection:
            await connection.execute(text("SELECT 1"))
            try:
                await resources.key_check.confirm_once(connection)
            except SettingsError as error:
                log.error("not ready: %s", error)
                message = "a setting cannot be used; which one is in the log"
                raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "invalid_setting", message) from None
    return {"status": "ok"}


@router.get("/metrics", dependencies=[OPEN])
async def metrics() -> Response:
    """The replica's own metrics in Prometheus' text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
