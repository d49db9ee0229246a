"""API keys of a tenant, and of the platform."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import TypedDict

from patchbay_runtime.access import first_administrator
from patchbay_runtime.access.api_key import ApiKey, new_key
from patchbay_runtime.access.codes import ID_PATTERN
from patchbay_runtime.access.principal import Principal
from patchbay_runtime.api.answers import Moment, guarded, takes_body, timestamp
from patchbay_runtime.api.audit import Act, change
from patchbay_runtime.api.errors import ApiError, invalid_field, not_found
from patchbay_runtime.api.guard import Caller, forbidden, needs
from patchbay_runtime.api.json_body import read_model
from patchbay_runtime.api.resources import ResourcesOf
from patchbay_runtime.api.tenants import existing_tenant
from patchbay_runtime.names import Name
from patchbay_runtime.rights.operations import Operation
from patchbay_runtime.rights.roles import OPERATIONS, PLATFORM_ROLES, TENANT_ROLES, Role
from patchbay_runtime.steps.number import Whole
from patchbay_runtime.storage import api_key_repository
from patchbay_runtime.storage.api_key_repository import NewKey, State, StoredKey

MOST_LIVE_KEYS: Final = 100
MOST_SHOWN: Final = 200
LARGEST_BODY_BYTES: Final = 4096

KeyId = Annotated[str, Path(pattern=ID_PATTERN)]


# One that comes twice does no harm, so the document does not forbid it.
Scopes = Annotated[
    frozenset[Operation], Field(min_length=1, json_schema_extra=lambda schema: schema.pop("uniqueItems", None))
]


class Wanted(BaseModel):
    """The key that is asked for, good for `days`."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    role: Role
    scopes: Scopes | None = None
    days: Whole = Field(default=90, ge=1, le=365)


class Rotation(BaseModel):
    """For how long the old key is good beside the new one."""

    model_config = ConfigDict(extra="forbid")

    overlap_seconds: Whole = Field(default=86_400, ge=0, le=604_800)


class Key(TypedDict):
    """A key without its secret. `scopes`: None for all operations of the role."""

    id: str
    name: str
    role: Role
    scopes: list[Operation] | None
    state: State
    created_at: Moment
    created_by: str
    expires_at: Moment
    revoked_at: Moment | None


class KeyWithSecret(Key):
    """A new key, whose `key` is told this once."""

    key: str


class KeyList(TypedDict):
    """The keys of one owner."""

    keys: list[Key]


@dataclass(frozen=True)
class Issued:
    """A new key, which nobody keeps but in its answer."""

    made: ApiKey
    stored: StoredKey

    def answer(self) -> JSONResponse:
        """The answer with the key."""
        body: KeyWithSecret = {"key": self.made.text, **_view(self.stored)}
        return JSONResponse(body, status_code=HTTPStatus.CREATED, headers={"Cache-Control": "no-store"})


async def _platform() -> None:
    """No tenant."""


def _router(prefix: str, owner_of: Callable[..., Awaitable[str | None]], roles: tuple[Role, ...]) -> APIRouter:
    """The routes of the keys of one owner; `owner_of` is the dependency that gives its tenant, or None."""
    router = APIRouter(prefix=prefix)
    # Only where there is a tenant can it be unknown.
    of_owner, of_list = ([404], [404, 422]) if roles is TENANT_ROLES else ([], [])
    Owner = Annotated[str | None, Depends(owner_of)]  # noqa: N806 - a type

    @router.post(
        "",
        dependencies=[needs(Operation.KEY_MANAGE)],
        status_code=HTTPStatus.CREATED,
        response_model=KeyWithSecret,
        responses=guarded(*of_owner, 409, 413, 422),
        openapi_extra=takes_body(Wanted, required=True, role={"enum": [*roles]}),
    )
    async def make(request: Request, caller: Caller, tenant: Owner, resources: ResourcesOf) -> JSONResponse:
        """Make a key, which is told this once."""
        wanted = await read_model(request, Wanted, LARGEST_BODY_BYTES)
        _check(wanted, caller, tenant, roles)

        async def store(connection: AsyncConnection) -> Issued:
            return await _issue(connection, caller, tenant, wanted)

        def made(issued: Issued) -> Act:
            about: dict[str, str | int] = {"key": issued.stored.id, "key_name": wanted.name, "role": wanted.role}
            scopes = None if wanted.scopes is None else sorted(wanted.scopes)
            return Act("a key was made", about, {"scopes": scopes, "days": wanted.days})

        return (await change(request, resources.database, None, store, made)).answer()

    @router.get("", dependencies=[needs(Operation.KEY_READ)], responses=guarded(*of_list))
    async def list_keys(tenant: Owner, resources: ResourcesOf) -> KeyList:
        """The live keys, and those that ended last."""
        async with resources.database.transaction() as connection:
            found = await api_key_repository.latest(connection, tenant, MOST_SHOWN)
        return {"keys": [_view(key) for key in found]}

    @router.post(
        "/{key}/rotation",
        dependencies=[needs(Operation.KEY_MANAGE)],
        status_code=HTTPStatus.CREATED,
        response_model=KeyWithSecret,
        responses=guarded(404, 409, 413, 422),
        openapi_extra=takes_body(Rotation, required=False),
    )
    async def rotate(
        request: Request, key: KeyId, caller: Caller, tenant: Owner, resources: ResourcesOf
    ) -> JSONResponse:
        """Make another key like it, and let the old one end after the overlap."""
        rotation = await read_model(request, Rotation, LARGEST_BODY_BYTES)

        async def replace(connection: AsyncConnection) -> Issued:
            old = await _existing(connection, tenant, key)
            _refuse_to_rotate(old, caller)
            await api_key_repository.end_within(connection, old.id, rotation.overlap_seconds)
            wanted = Wanted(name=old.name, role=old.role, scopes=old.scopes, days=old.days)
            return await _issue(connection, caller, tenant, wanted)

        def rotated(issued: Issued) -> Act:
            seconds = rotation.overlap_seconds
            return Act("a key was rotated", {"key": key, "new_key": issued.stored.id, "overlap_seconds": seconds})

        return (await change(request, resources.database, None, replace, rotated)).answer()

    @router.delete("/{key}", dependencies=[needs(Operation.KEY_MANAGE)], responses=guarded(404, 422))
    async def revoke(request: Request, key: KeyId, caller: Caller, tenant: Owner, resources: ResourcesOf) -> Key:
        """End a key at once."""

        async def end(connection: AsyncConnection) -> StoredKey:
            old = await _existing(connection, tenant, key)
            # Its holder may end it, whatever it can do.
            if old.id != caller.id and not caller.may_give(old.role, old.scopes):
                raise forbidden("the key can do what you cannot; ask somebody who has all of its operations")
            await api_key_repository.revoke(connection, key)
            return await _existing(connection, tenant, key)

        act = Act("a key was revoked", {"key": key})
        return _view(await change(request, resources.database, None, end, lambda _: act))

    return router


tenant_router = _router("/api/tenants/{tenant}/keys", existing_tenant, TENANT_ROLES)
platform_router = _router("/api/platform/keys", _platform, PLATFORM_ROLES)


def _check(wanted: Wanted, caller: Principal, tenant: str | None, roles: tuple[Role, ...]) -> None:
    """422 for a key that cannot be, 403 for one that can do what its maker cannot."""
    if wanted.role not in roles:
        raise invalid_field("$.role", f"must be {' or '.join(roles)}: the role of a key of this kind")
    if tenant is None and wanted.name == first_administrator.NAME:
        raise invalid_field("$.name", "is the name of the key that `migrate` records; choose another one")
    if not caller.may_give(wanted.role, wanted.scopes):
        raise forbidden("the key could do what you cannot; choose a role or scopes within your own operations")
    if wanted.scopes is not None and (beyond := sorted(wanted.scopes - OPERATIONS[wanted.role])):
        raise invalid_field("$.scopes", f"{wanted.role} does not have {', '.join(beyond)}; scopes only narrow a role")


def _refuse_to_rotate(old: StoredKey, caller: Principal) -> None:
    if old.tenant is None and old.name == first_administrator.NAME:
        message = "the first administrator's key is in a file: put another one there, and `migrate` ends this one"
        raise ApiError(HTTPStatus.CONFLICT, "key_of_a_file", message)
    if not caller.may_give(old.role, old.scopes):
        raise forbidden("the key can do what you cannot; ask somebody who has all of its operations")
    if old.state != "live":
        raise ApiError(HTTPStatus.CONFLICT, "key_ended", f"the key is {old.state}; make a new one")


async def _existing(connection: AsyncConnection, tenant: str | None, key: str) -> StoredKey:
    found = await api_key_repository.get(connection, tenant, key)
    if found is None:
        raise not_found("key", key)
    return found


async def _issue(connection: AsyncConnection, caller: Principal, tenant: str | None, wanted: Wanted) -> Issued:
    """Store a new key, and delete some of those that ended long ago."""
    # The file of a first administrator's key may come back, and must find it revoked.
    kept = first_administrator.NAME if tenant is None else None
    await api_key_repository.delete_ended(connection, tenant, kept=kept)
    if await api_key_repository.count_live(connection, tenant) >= MOST_LIVE_KEYS:
        message = f"there are {MOST_LIVE_KEYS} live keys, the most that there may be; revoke one that nobody uses"
        raise ApiError(HTTPStatus.CONFLICT, "too_many_keys", message)
    made = new_key()
    given = NewKey(
        made.id, made.digest, tenant, wanted.name, wanted.role, wanted.scopes, wanted.days, created_by=caller.id
    )
    await api_key_repository.add(connection, given)
    return Issued(made, await _existing(connection, tenant, made.id))


def _view(key: StoredKey) -> Key:
    return {
        "id": key.id,
        "name": key.name,
        "role": key.role,
        "scopes": None if key.scopes is None else sorted(key.scopes),
        "state": key.state,
        "created_at": timestamp(key.created_at),
        "created_by": key.created_by,
        "expires_at": timestamp(key.expires_at),
        "revoked_at": timestamp(key.revoked_at),
    }
