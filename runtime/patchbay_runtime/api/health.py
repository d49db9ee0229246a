"""Probes and metrics."""

import asyncio
import logging
from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from typing_extensions import TypedDict

from patchbay_runtime.api.answers import refusals
from patchbay_runtime.api.errors import ApiError
from patchbay_runtime.api.guard import OPEN
from patchbay_runtime.api.resources import ResourcesOf
from patchbay_runtime.settings import SettingsError

PROBE_SECONDS = 2.0

router = APIRouter()

log = logging.getLogger(__name__)


class Health(TypedDict):
    """All is well."""

    status: Literal["ok"]


@router.get("/healthz", dependencies=[OPEN])
async def alive() -> Health:
    """The process serves requests."""
    return {"status": "ok"}


@router.get("/readyz", dependencies=[OPEN], responses=refusals())
async def ready(resources: ResourcesOf) -> Health:
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


@router.get("/metrics", dependencies=[OPEN], response_class=PlainTextResponse)
async def metrics() -> Response:
    """The replica's own metrics in Prometheus' text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
