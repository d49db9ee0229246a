"""Openings: what connectors may call of our own networks for a while, for the receivers of load tests."""

import logging
from http import HTTPStatus
from ipaddress import IPv4Address
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from patchbay_runtime.api.errors import ApiError
from patchbay_runtime.api.guard import needs
from patchbay_runtime.api.resources import ResourcesOf
from patchbay_runtime.reach.openings import LONGEST_SECONDS, Openings, may_be_opened
from patchbay_runtime.rights.operations import Operation

log = logging.getLogger(__name__)


router = APIRouter(prefix="/api/platform/openings")

Port = Annotated[int, Path(ge=1, le=65535)]


@router.put("/{address}/{port}", dependencies=[needs(Operation.OPENING_MANAGE)])
async def make(
    address: IPv4Address,
    port: Port,
    seconds: Annotated[int, Query(ge=1, le=LONGEST_SECONDS)],
    resources: ResourcesOf,
) -> dict[str, Any]:
    """Open an address and port for `seconds` from this moment; the same again puts the end off."""
    if not may_be_opened(address):
        message = f"{address} is the machine's own or no single machine's; open the address of a pod or of a service"
        raise ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "not_openable", message)
    for fault in resources.reach.port_faults(port):
        raise ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "not_openable", fault)
    await Openings(resources.queue.redis).make(address, port, seconds)
    extra = {"address": str(address), "port": port, "seconds": seconds}
    log.warning("connectors may call an address of our own for a while", extra=extra)
    return extra


@router.delete("/{address}/{port}", dependencies=[needs(Operation.OPENING_MANAGE)])
async def end(address: IPv4Address, port: Port, resources: ResourcesOf) -> dict[str, Any]:
    """Close it, where it is open."""
    await Openings(resources.queue.redis).end(address, port)
    return {"address": str(address), "port": port, "seconds": 0}
