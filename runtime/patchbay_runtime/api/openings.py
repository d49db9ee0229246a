"""Openings: what connectors may call of our own networks for a while, for the receivers of load tests."""

from http import HTTPStatus
from ipaddress import IPv4Address
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from typing_extensions import TypedDict

from patchbay_runtime.api.answers import guarded
from patchbay_runtime.api.audit import Act, announce
from patchbay_runtime.api.errors import ApiError
from patchbay_runtime.api.guard import needs
from patchbay_runtime.api.resources import ResourcesOf
from patchbay_runtime.reach.openings import LONGEST_SECONDS, Openings, may_be_opened
from patchbay_runtime.rights.operations import Operation

router = APIRouter(prefix="/api/platform/openings")

Port = Annotated[int, Path(ge=1, le=65535)]


class Opening(TypedDict):
    """`seconds`: until its end."""

    address: str
    port: int
    seconds: int


@router.put("/{address}/{port}", dependencies=[needs(Operation.OPENING_MANAGE)], responses=guarded(422))
async def make(
    request: Request,
    address: IPv4Address,
    port: Port,
    seconds: Annotated[int, Query(ge=1, le=LONGEST_SECONDS)],
    resources: ResourcesOf,
) -> Opening:
    """Open an address and port for `seconds` from this moment; the same again puts the end off."""
    if not may_be_opened(address):
        message = f"{address} is the machine's own or no single machine's; open the address of a pod or of a service"
        raise ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "not_openable", message)
    for fault in resources.reach.port_faults(port):
        raise ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "not_openable", fault)
    act = Act("an opening was made", {"address": str(address), "port": port, "seconds": seconds})
    await announce(request, resources.database, act)
    await Openings(resources.queue.redis).make(address, port, seconds)
    act.log(request)
    return {"address": str(address), "port": port, "seconds": seconds}


@router.delete("/{address}/{port}", dependencies=[needs(Operation.OPENING_MANAGE)], responses=guarded(422))
async def end(request: Request, address: IPv4Address, port: Port, resources: ResourcesOf) -> Opening:
    """Close it, where it is open."""
    act = Act("an opening was ended", {"address": str(address), "port": port})
    await announce(request, resources.database, act)
    await Openings(resources.queue.redis).end(address, port)
    act.log(request)
    return {"address": str(address), "port": port, "seconds": 0}
