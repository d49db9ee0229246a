"""People of a tenant, and of the platform; and the invitations by which they come."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import TypedDict

from patchbay_runtime.access.codes import ID_PATTERN, Code, new_code
from patchbay_runtime.access.principal import Principal
from patchbay_runtime.api.answers import Moment, guarded, takes_body, timestamp
from patchbay_runtime.api.audit import Act, change
from patchbay_runtime.api.errors import ApiError, invalid_field, not_found
from patchbay_runtime.api.guard import Caller, forbidden, needs
from patchbay_runtime.api.json_body import read_model
from patchbay_runtime.api.resources import ResourcesOf
from patchbay_runtime.api.tenants import existing_tenant
from patchbay_runtime.rights.operations import Operation
from patchbay_runtime.rights.roles import PLATFORM_ROLES, TENANT_ROLES, Role
from patchbay_runtime.steps.number import Whole
from patchbay_runtime.storage import invitation_repository, member_repository
from patchbay_runtime.storage.invitation_repository import NewInvitation, StoredInvitation
from patchbay_runtime.storage.member_repository import StoredMember

MOST_MEMBERS: Final = 1000
MOST_INVITATIONS: Final = 100
LARGEST_BODY_BYTES: Final = 4096

MemberId = Annotated[str, Path(pattern=ID_PATTERN)]
InvitationId = Annotated[str, Path(pattern=ID_PATTERN)]


class Wish(BaseModel):
    """The role that somebody is to have, and for how many days the invitation is good."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    days: Whole = Field(default=7, ge=1, le=30)


class NewRole(BaseModel):
    """The role that somebody has from now on."""

    model_config = ConfigDict(extra="forbid")

    role: Role


class Member(TypedDict):
    """Somebody. `name` is what the provider says, for people to read; `signed_in_at`: last, where it is told."""

    id: str
    issuer: str
    subject: str
    name: str | None
    role: Role
    created_at: Moment
    created_by: str
    signed_in_at: Moment | None


class Invitation(TypedDict):
    """An invitation that nobody has taken yet."""

    id: str
    role: Role
    created_at: Moment
    created_by: str
    expires_at: Moment


class InvitationWithCode(Invitation):
    """A new invitation, whose `invitation` is told this once: whoever has it may take it."""

    invitation: str


class Members(TypedDict):
    """All who are there, and the invitations that may still be taken."""

    members: list[Member]
    invitations: list[Invitation]


async def _platform() -> None:
    """No tenant."""


def _router(prefix: str, owner_of: Callable[..., Awaitable[str | None]], roles: tuple[Role, ...]) -> APIRouter:
    """The routes of the people of one place; `owner_of` is the dependency that gives its tenant, or None."""
    router = APIRouter(prefix=prefix)
    # Only where there is a tenant can it be unknown.
    of_owner, of_list = ([404], [404, 422]) if roles is TENANT_ROLES else ([], [])
    Owner = Annotated[str | None, Depends(owner_of)]  # noqa: N806 - a type
    may_manage = [needs(Operation.MEMBER_MANAGE)]

    @router.get("/members", dependencies=[needs(Operation.MEMBER_READ)], responses=guarded(*of_list))
    async def list_members(tenant: Owner, resources: ResourcesOf) -> Members:
        """Those who have been there longest first, and the newest invitations first."""
        async with resources.database.transaction() as connection:
            people = await member_repository.list_of(connection, tenant, MOST_MEMBERS)
            invited = await invitation_repository.list_of(connection, tenant)
        return {"members": [member_view(one) for one in people], "invitations": [_view(one) for one in invited]}

    @router.put(
        "/members/{member}",
        dependencies=may_manage,
        response_model=Member,
        responses=guarded(404, 413, 422),
        openapi_extra=takes_body(NewRole, required=True, role={"enum": [*roles]}),
    )
    async def change_role(
        request: Request, member: MemberId, caller: Caller, tenant: Owner, resources: ResourcesOf
    ) -> Member:
        """Give somebody another role, from the next request on."""
        wanted = await read_model(request, NewRole, LARGEST_BODY_BYTES)
        _check(wanted.role, caller, roles)

        async def give(connection: AsyncConnection) -> tuple[StoredMember, StoredMember]:
            before = await _existing(connection, tenant, member)
            _refuse_to_touch(before, caller)
            await member_repository.change_role(connection, member, wanted.role)
            return before, await _existing(connection, tenant, member)

        def given(pair: tuple[StoredMember, StoredMember]) -> Act:
            before, after = pair
            return Act("somebody was given another role", {"member": member, "role": after.role, "before": before.role})

        return member_view((await change(request, resources.database, None, give, given))[1])

    @router.delete("/members/{member}", dependencies=may_manage, responses=guarded(404, 422))
    async def remove(
        request: Request, member: MemberId, caller: Caller, tenant: Owner, resources: ResourcesOf
    ) -> Member:
        """Let somebody be none any more, from the next request on."""

        async def end(connection: AsyncConnection) -> StoredMember:
            before = await _existing(connection, tenant, member)
            _refuse_to_touch(before, caller)
            await member_repository.remove(connection, member)
            return before

        def ended(before: StoredMember) -> Act:
            about: dict[str, str | int] = {"member": member, "role": before.role}
            return Act("somebody was removed", about, {"issuer": before.issuer, "subject": before.subject})

        return member_view(await change(request, resources.database, None, end, ended))

    @router.post(
        "/invitations",
        dependencies=may_manage,
        status_code=HTTPStatus.CREATED,
        response_model=InvitationWithCode,
        responses=guarded(*of_owner, 409, 413, 422),
        openapi_extra=takes_body(Wish, required=True, role={"enum": [*roles]}),
    )
    async def invite(request: Request, caller: Caller, tenant: Owner, resources: ResourcesOf) -> JSONResponse:
        """Make an invitation, whose code is told this once."""
        wish = await read_model(request, Wish, LARGEST_BODY_BYTES)
        _check(wish.role, caller, roles)
        code = new_code("pbi")

        async def store(connection: AsyncConnection) -> StoredInvitation:
            return await _store(
                connection, NewInvitation(code.id, code.digest, tenant, wish.role, wish.days, caller.id)
            )

        def stored(_: StoredInvitation) -> Act:
            return Act("an invitation was made", {"invitation": code.id, "role": wish.role}, {"days": wish.days})

        return _told(code, await change(request, resources.database, None, store, stored))

    @router.delete("/invitations/{invitation}", dependencies=may_manage, responses=guarded(404, 422))
    async def take_back(
        request: Request, invitation: InvitationId, caller: Caller, tenant: Owner, resources: ResourcesOf
    ) -> Invitation:
        """Let nobody take the invitation any more."""

        async def remove(connection: AsyncConnection) -> StoredInvitation:
            before = await _existing_invitation(connection, tenant, invitation)
            _check(before.role, caller, roles)
            await invitation_repository.remove(connection, invitation)
            return before

        def removed(before: StoredInvitation) -> Act:
            return Act("an invitation was taken back", {"invitation": invitation, "role": before.role})

        return _view(await change(request, resources.database, None, remove, removed))

    return router


tenant_router = _router("/api/tenants/{tenant}", existing_tenant, TENANT_ROLES)
platform_router = _router("/api/platform", _platform, PLATFORM_ROLES)


def member_view(member: StoredMember) -> Member:
    """Somebody in an answer."""
    return {
        "id": member.id,
        "issuer": member.issuer,
        "subject": member.subject,
        "name": member.name,
        "role": member.role,
        "created_at": timestamp(member.created_at),
        "created_by": member.created_by,
        "signed_in_at": timestamp(member.signed_in_at),
    }


def _check(role: Role, caller: Principal, roles: tuple[Role, ...]) -> None:
    if role not in roles:
        raise invalid_field("$.role", f"must be one of {', '.join(roles)}")
    if not caller.may_give(role, None):
        raise forbidden("the role can do what you cannot; choose one within your own operations")


def _refuse_to_touch(member: StoredMember, caller: Principal) -> None:
    if not caller.may_give(member.role, None):
        raise forbidden("the member can do what you cannot; ask somebody who has all of the role's operations")


async def _existing(connection: AsyncConnection, tenant: str | None, member: str) -> StoredMember:
    found = await member_repository.get(connection, tenant, member)
    if found is None:
        raise not_found("member", member)
    return found


async def _existing_invitation(connection: AsyncConnection, tenant: str | None, invitation: str) -> StoredInvitation:
    found = await invitation_repository.get(connection, tenant, invitation)
    if found is None:
        raise not_found("invitation", invitation)
    return found


async def _store(connection: AsyncConnection, invitation: NewInvitation) -> StoredInvitation:
    await invitation_repository.remove_ended(connection, invitation.tenant)
    if await invitation_repository.count_live(connection, invitation.tenant) >= MOST_INVITATIONS:
        message = f"there are {MOST_INVITATIONS} open invitations, the most that there may be; take one back"
        raise ApiError(HTTPStatus.CONFLICT, "too_many_invitations", message)
    await invitation_repository.add(connection, invitation)
    return await _existing_invitation(connection, invitation.tenant, invitation.id)


def _view(invitation: StoredInvitation) -> Invitation:
    return {
        "id": invitation.id,
        "role": invitation.role,
        "created_at": timestamp(invitation.created_at),
        "created_by": invitation.created_by,
        "expires_at": timestamp(invitation.expires_at),
    }


def _told(code: Code, stored: StoredInvitation) -> JSONResponse:
    body: InvitationWithCode = {"invitation": code.text, **_view(stored)}
    return JSONResponse(body, status_code=HTTPStatus.CREATED, headers={"Cache-Control": "no-store"})
