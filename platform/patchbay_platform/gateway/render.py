"""The gateway's native configuration, from its template and the stack's config."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from patchbay_platform.gateway.config import GatewayConfig, Network

PROXY_PORT: Final = 8080
STATUS_PORT: Final = 8405
HEALTH_PORT: Final = 8406

MEMORY_MIB: Final = 512
CONNECTIONS: Final = 4096
SMALL_BODY_BYTES: Final = 32_768
# Bodies that are larger, or of a size that is not told: requests at one time, from their first byte to their answer.
# A client is an IPv4 address or what a customer is given of IPv6, a network of 64 bits.
LARGE_OF_CLIENT: Final = 16
LARGE_OF_ALL: Final = 128
# From the headers to the end of the body.
BODY_SECONDS: Final = 10

# Room beside the largest body for the request line and headers, in bytes.
HEADER_BYTES: Final = 32_768
URL_BYTES: Final = 8192

# Sent as the JSON error form of the API, so that a client parses one form only.
_ERRORS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("bad_request", "The request is not valid HTTP."),
    403: ("address_not_allowed", "This address is not on the allowlist of the route."),
    404: ("not_found", "No route serves this path."),
    408: ("request_timeout", "The request did not arrive in time."),
    413: ("body_too_large", "The body is larger than the route allows."),
    429: ("rate_exceeded", "Too many requests from this address; retry later."),
    500: ("gateway_error", "The gateway failed to handle the request."),
    502: ("bad_gateway", "The API answered with something that is not valid HTTP."),
    503: ("unavailable", "The API is not available; retry later."),
    504: ("gateway_timeout", "The API did not answer in time."),
}
_RETRY_AFTER_SECONDS: Final[Mapping[int, int]] = {429: 1, 503: 2}


def _error_body(status: int) -> str:
    code, message = _ERRORS[status]
    return json.dumps({"error": {"code": code, "message": message, "details": []}})


def render(
    config: GatewayConfig,
    *,
    edge_networks: Sequence[Network],
    api_address: str,
    api_slots: int,
    proxy_bind: str = f":{PROXY_PORT}",
    status_bind: str = f":{STATUS_PORT}",
    health_bind: str = f":{HEALTH_PORT}",
    body_seconds: int = BODY_SECONDS,
) -> str:
    """HAProxy's configuration. `api_address` is `name:port` of a headless service; each of its pods takes a slot."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - the result is no markup, and every value comes from a validated model
    )
    errors = [
        {"status": status, "body": _error_body(status), "retry_after": _RETRY_AFTER_SECONDS.get(status)}
        for status in _ERRORS
    ]
    return environment.get_template("haproxy.cfg.j2").render(
        api_address=api_address,
        api_slots=api_slots,
        body_seconds=body_seconds,
        buffer_bytes=max(route.body_limit_bytes for route in config.routes) + HEADER_BYTES,
        client_address=config.client_address,
        connections=CONNECTIONS,
        drain_seconds=config.drain_seconds,
        edge_networks=edge_networks,
        errors=errors,
        header_bytes=HEADER_BYTES,
        health_bind=health_bind,
        large_of_all=LARGE_OF_ALL,
        large_of_client=LARGE_OF_CLIENT,
        proxy_bind=proxy_bind,
        response_seconds=config.response_seconds,
        routes=config.routes,
        small_body_bytes=SMALL_BODY_BYTES,
        status_bind=status_bind,
        url_bytes=URL_BYTES,
    )
