"""A tenant's own name, `<tenant>.<domain>`, by which no other tenant is reached."""

import logging
import time
from http import HTTPStatus
from typing import Any, Final

from fastapi import Depends, Request
from prometheus_client import Counter

from patchbay_runtime.api.errors import ApiError
from patchbay_runtime.api.resources import ResourcesOf
from patchbay_runtime.names import is_name

REQUESTS: Final = Counter(
    "patchbay_api_misdirected_requests", "Requests about a tenant that came by another name below the domain."
)
WARNING_SECONDS: Final = 60.0
"""Between two warnings, in each replica: anyone may send such requests."""

log = logging.getLogger(__name__)


class _OwnName:
    """Refuses what comes by the name of one tenant and is about another, with 421 (RFC 9110, 15.5.20).

    What the edge and browsers keep apart by host, a path must not bring together again; and each cluster has tenants
    of its own. A host that is not below the domain is nobody's: an address, or a service in the cluster.
    """

    def __init__(self) -> None:
        self._warned_at = -WARNING_SECONDS

    async def __call__(self, request: Request, resources: ResourcesOf) -> None:
        """Look at every `Host` that there is."""
        domain, tenant = resources.settings.domain, request.path_params.get("tenant")
        if domain is None or tenant is None or not is_name(tenant):
            return
        own = f"{tenant}.{domain}"
        for host in map(_host_name, request.headers.getlist("Host")):
            if host != own and host.endswith(f".{domain}"):
                self._note(tenant)
                message = f"the host is not the name of tenant {tenant!r}; call {own}"
                raise ApiError(HTTPStatus.MISDIRECTED_REQUEST, "misdirected_request", message)

    def _note(self, tenant: str) -> None:
        REQUESTS.inc()
        now = time.monotonic()
        if now - self._warned_at >= WARNING_SECONDS:
            self._warned_at = now
            log.warning("a request came by another name than its tenant's own", extra={"tenant": tenant})


AT_OWN_NAME: Final[Any] = Depends(_OwnName())
"""The dependency of every route that may have a tenant in its path."""


def _host_name(host: str) -> str:
    """Without the port and the dot of an absolute name, in the letters that domains are configured in."""
    return (host if host.startswith("[") else host.partition(":")[0]).lower().rstrip(".")
