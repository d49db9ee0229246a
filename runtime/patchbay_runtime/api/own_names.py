"""A tenant's own name, `<tenant>.<domain>`, by which no other tenant is reached."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import Depends, Request

from patchbay_runtime.api.errors import ApiError
from patchbay_runtime.api.resources import ResourcesOf
from patchbay_runtime.names import is_name


async def _agrees(request: Request, resources: ResourcesOf) -> None:
    """421 (RFC 9110, 15.5.20) where host and path name two tenants.

    What the edge and browsers keep apart by host, a path must not bring together again; and each cluster has tenants
    of its own. A host that is not below the domain is nobody's: an address, or a service in the cluster.
    """
    domain, tenant = resources.settings.domain, request.path_params.get("tenant")
    if domain is None or tenant is None or not is_name(tenant):
        return
    own = f"{tenant}.{domain}"
    for host in map(_host_name, request.headers.getlist("Host")):
        if host != own and host.endswith(f".{domain}"):
            message = f"the host is not the name of tenant {tenant!r}; call {own}"
            raise ApiError(HTTPStatus.MISDIRECTED_REQUEST, "misdirected_request", message)


AT_OWN_NAME: Final[Any] = Depends(_agrees)
"""The dependency of every route that may have a tenant in its path."""


def _host_name(host: str) -> str:
    """Without the port and the dot of an absolute name, in the letters that domains are configured in."""
    name, colon, port = host.rpartition(":")
    return (name if colon and (port.isdecimal() or not port) else host).lower().rstrip(".")
