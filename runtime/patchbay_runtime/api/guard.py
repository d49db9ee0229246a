"""Which routes ask for what: each declares its operation, or that it is open, among its dependencies.

A route's own dependencies are the first that FastAPI resolves, after those of its router, which read nothing but the
request. So nothing is read or looked up for a caller who may not have it.
"""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final, cast

from fastapi import Depends, Request, params
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.access.api_key import ApiKey
from patchbay_runtime.access.authentication import UnauthenticatedError, member_of, principal_of_key, shown
from patchbay_runtime.access.principal import Principal
from patchbay_runtime.api.answers import timestamp
from patchbay_runtime.api.audit import VIA, Act, announce, caller_of, note_caller
from patchbay_runtime.api.errors import RETRY_AFTER_SECONDS, ApiError, not_found
from patchbay_runtime.api.resources import Resources, ResourcesOf
from patchbay_runtime.names import is_name
from patchbay_runtime.open_id.keys import KeysAwayError
from patchbay_runtime.open_id.tokens import Identity
from patchbay_runtime.rights.operations import Operation
from patchbay_runtime.rights.roles import Role, roles_that_may
from patchbay_runtime.storage import member_repository
from patchbay_runtime.storage.database import Database
from patchbay_runtime.storage.member_repository import StoredMember

REASON: Final = "Patchbay-Reason"
_REASON_FORM: Final = re.compile(r"[\x20-\x7e]{10,500}")

_key = HTTPBearer(
    scheme_name="API key or access token", bearerFormat="pbk_<id>_<secret>, or a JSON Web Token", auto_error=False
)


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
        who = await _shown(request, resources, credentials)
        tenant: str | None = request.path_params.get("tenant")
        member = None
        if isinstance(who, Identity):
            member = await _member(resources.database, who, tenant)
            principal = Principal(member.id, member.tenant, member.role)
        else:
            principal = await _of_key(resources.database, who)
        if tenant is not None and not principal.may_enter(tenant):
            # Whether there is such a tenant is none of the caller's business.
            raise not_found("tenant", tenant)
        self._refuse_without_right(principal, tenant)
        note_caller(request, principal, self.operation)
        if principal.role is Role.SUPPORT:
            if tenant is not None and not is_name(tenant):
                raise not_found("tenant", tenant)
            await _keep_reason(request, resources.database)
        if isinstance(who, Identity) and member is not None:
            await _keep_sign_in(request, resources.database, who, member)

    def _refuse_without_right(self, principal: Principal, tenant: str | None) -> None:
        is_outside = tenant is None and principal.tenant is not None
        if self.operation in principal.operations and not is_outside:
            return
        roles = roles_that_may(self.operation, in_a_tenant=tenant is not None)
        message = f"`{self.operation}` takes the role {' or '.join(roles)}"
        if principal.role in roles:
            message += ", and a key whose scopes do not leave it out"
        raise forbidden(message)


async def _shown(
    request: Request, resources: Resources, credentials: HTTPAuthorizationCredentials | None
) -> ApiKey | Identity:
    if len(request.headers.getlist("Authorization")) > 1:
        # Whatever stands before the API might have looked at another one.
        raise _unauthenticated("send one `Authorization` header")
    try:
        return await shown(resources.tokens, credentials.credentials if credentials else None)
    except UnauthenticatedError as error:
        raise _unauthenticated(str(error)) from None
    except KeysAwayError:
        message = "the keys of the access token's issuer cannot be had; try again"
        raise ApiError(
            HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", message, retry_after=RETRY_AFTER_SECONDS
        ) from None


async def _of_key(database: Database, key: ApiKey) -> Principal:
    try:
        return await principal_of_key(database, key)
    except UnauthenticatedError as error:
        raise _unauthenticated(str(error)) from None


async def _member(database: Database, identity: Identity, tenant: str | None) -> StoredMember:
    if tenant is not None and not is_name(tenant):
        raise not_found("tenant", tenant)
    member = await member_of(database, identity, tenant)
    if member is not None:
        return member
    if tenant is not None:
        raise not_found("tenant", tenant)
    raise forbidden("this is for the platform's own people; ask one of its administrators for an invitation")


def _unauthenticated(message: str) -> ApiError:
    return ApiError(HTTPStatus.UNAUTHORIZED, "unauthenticated", message, headers={"WWW-Authenticate": "Bearer"})


def forbidden(message: str) -> ApiError:
    """403 for a known caller."""
    return ApiError(HTTPStatus.FORBIDDEN, "forbidden", message)


def needs(operation: Operation, *, from_outside: bool = False) -> Any:
    """The dependency of a route that is this operation."""
    return Depends(Guard(operation, from_outside=from_outside))


class Identified:
    """Lets pass who shows an access token, whatever he or she is here."""

    async def __call__(
        self,
        request: Request,
        resources: ResourcesOf,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_key)],
    ) -> None:
        """Note the identity for the route."""
        who = await _shown(request, resources, credentials)
        if not isinstance(who, Identity):
            await _of_key(resources.database, who)
            raise forbidden("this is for people: send an access token of the OpenID provider, and no API key")
        request.state.identity = who


IDENTIFIED: Final[Any] = Depends(Identified())
"""The dependency of a route for everyone whom a provider knows."""


async def _identity(request: Request) -> Identity:
    return cast(Identity, request.state.identity)


Person = Annotated[Identity, Depends(_identity)]
"""Who calls, for a route that declares IDENTIFIED."""


async def _open() -> None:
    """Anyone may call the route."""


OPEN: Final[Any] = Depends(_open)
"""The dependency of a route that asks for nothing."""


def declared(dependencies: Sequence[params.Depends]) -> list[Guard | Identified | None]:
    """What a route with these dependencies declares: a guard, that people may, or None for an open one."""
    found: list[Guard | Identified | None] = []
    for one in dependencies:
        if isinstance(one.dependency, Guard | Identified):
            found.append(one.dependency)
        elif one.dependency is _open:
            found.append(None)
    return found


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


async def _keep_sign_in(request: Request, database: Database, identity: Identity, member: StoredMember) -> None:
    """An entry of the audit, of what somebody is a member of, for each time that is later than the last one."""
    moment = identity.signed_in_at
    if moment is None or (member.signed_in_at is not None and member.signed_in_at >= moment):
        return
    about: dict[str, str | int] = {"member": member.id}
    act = Act("somebody signed in", about, {"signed_in_at": timestamp(moment)}, tenant=member.tenant)

    async def keep(connection: AsyncConnection) -> bool:
        if not await member_repository.note_sign_in(connection, member.id, moment):
            return False
        await act.keep(request, connection)
        return True

    if await database.transact(None, keep):
        act.log(request)
