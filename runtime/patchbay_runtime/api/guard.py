"""Which routes ask for what: each declares its operation, or that it is open, among its dependencies.

A route's own dependencies are the first that FastAPI resolves, so nothing is read or looked up for a caller who may
not have it.
"""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends, Request, params
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from patchbay_runtime.access.authentication import UnauthenticatedError, authenticate
from patchbay_runtime.access.principal import Principal
from patchbay_runtime.api.audit import VIA, Act, announce, caller_of, note_caller
from patchbay_runtime.api.errors import ApiError, not_found
from patchbay_runtime.api.resources import ResourcesOf
from patchbay_runtime.names import is_name
from patchbay_runtime.rights.operations import Operation
from patchbay_runtime.rights.roles import Role, roles_that_may
from patchbay_runtime.storage.database import Database

REASON: Final = "Patchbay-Reason"
_REASON_FORM: Final = re.compile(r"[\x20-\x7e]{10,500}")

_key = HTTPBearer(scheme_name="API key", bearerFormat="pbk_<id>_<secret>", auto_error=False)


class Guard:
    """Lets pass who may do the operation, in the tenant of the path if it names one.

    `from_outside`: only what has come through the gateway is asked.
    """

    def __init__(self, operation: Operation, *, from_outside: bool) -> None:
        self.operation = operation
        self.from_outside = from_outside

    async def __call__(
        self,
        request: Request,
        resources: ResourcesOf,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_key)],
    ) -> None:
        """Note the principal for the route. 401, 404 and 403 in this order."""
        if self.from_outside and VIA not in request.headers:
            return
        if len(request.headers.getlist("Authorization")) > 1:
            # Whatever stands before the API might have looked at another one.
            raise _unauthenticated("send one `Authorization` header")
        try:
            principal = await authenticate(resources.database, credentials.credentials if credentials else None)
        except UnauthenticatedError as error:
            raise _unauthenticated(str(error)) from None
        tenant: str | None = request.path_params.get("tenant")
        if tenant is not None and not principal.may_enter(tenant):
            # Whether there is such a tenant is none of the caller's business.
            raise not_found("tenant", tenant)
        self._refuse_without_right(principal, tenant)
        note_caller(request, principal, self.operation)
        if principal.role is Role.SUPPORT:
            if tenant is not None and not is_name(tenant):
                raise not_found("tenant", tenant)
            await _keep_reason(request, resources.database)

    def _refuse_without_right(self, principal: Principal, tenant: str | None) -> None:
        is_outside = tenant is None and principal.tenant is not None
        if self.operation in principal.operations and not is_outside:
            return
        roles = roles_that_may(self.operation, in_a_tenant=tenant is not None)
        message = f"`{self.operation}` takes the role {' or '.join(roles)}"
        if principal.role in roles:
            message += ", and a key whose scopes do not leave it out"
        raise forbidden(message)


def _unauthenticated(message: str) -> ApiError:
    return ApiError(HTTPStatus.UNAUTHORIZED, "unauthenticated", message, headers={"WWW-Authenticate": "Bearer"})


def forbidden(message: str) -> ApiError:
    """403 for a known caller."""
    return ApiError(HTTPStatus.FORBIDDEN, "forbidden", message)


def needs(operation: Operation, *, from_outside: bool = False) -> Any:
    """The dependency of a route that is this operation."""
    return Depends(Guard(operation, from_outside=from_outside))


async def _open() -> None:
    """Anyone may call the route."""


OPEN: Final[Any] = Depends(_open)
"""The dependency of a route that asks for nothing."""


def declared(dependencies: Sequence[params.Depends]) -> list[Guard | None]:
    """What a route with these dependencies declares: a guard, or None for an open one."""
    calls = [one.dependency for one in dependencies]
    return [call if isinstance(call, Guard) else None for call in calls if call is _open or isinstance(call, Guard)]


async def _caller(request: Request) -> Principal:
    return caller_of(request)


Caller = Annotated[Principal, Depends(_caller)]
"""Who calls, for a route that declares an operation."""


async def _keep_reason(request: Request, database: Database) -> None:
    """Support's reason, into the audit and the log; 403 without one."""
    reason = request.headers.get(REASON, "").strip()
    if _REASON_FORM.fullmatch(reason) is None:
        message = f"support says why it comes: send the header {REASON} with 10 to 500 characters of ASCII"
        raise ApiError(HTTPStatus.FORBIDDEN, "reason_required", message)
    act = Act("support comes in", {"reason": reason})
    await announce(request, database, act)
    act.log(request)
