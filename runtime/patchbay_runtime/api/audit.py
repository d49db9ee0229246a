"""Who changed what through the API: one line of the log for each change, once it is kept."""

import logging
from typing import cast

from fastapi import Request

from patchbay_runtime.access.principal import Principal
from patchbay_runtime.rights.operations import Operation

log = logging.getLogger(__name__)


def note_caller(request: Request, principal: Principal, operation: Operation) -> None:
    """Remember for the request's change who makes it."""
    request.state.principal = principal
    request.state.operation = operation


def caller_of(request: Request) -> Principal:
    """Who calls a route that declares an operation."""
    return cast(Principal, request.state.principal)


def log_change(request: Request, what: str, **about: str | int) -> None:
    """Log a change with its principal, operation and tenant. `about`: names and identifiers, never a secret."""
    given = {
        "principal": caller_of(request).id,
        "operation": request.state.operation,
        "tenant": request.path_params.get("tenant"),
    }
    log.info("%s", what, extra={**given, **about})
