"""What somebody is here, asked by himself or herself; and how to become it."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import TypedDict

from patchbay_runtime.access.authentication import principal_of_id
from patchbay_runtime.access.codes import Code, new_id, parse_code
from patchbay_runtime.access.principal import Principal
from patchbay_runtime.api.answers import guarded, refusals, takes_body
from patchbay_runtime.api.audit import Act, note_caller
from patchbay_runtime.api.errors import ApiError
from patchbay_runtime.api.guard import IDENTIFIED, Person
from patchbay_runtime.api.json_body import read_model
from patchbay_runtime.api.members import LARGEST_BODY_BYTES, MOST_MEMBERS
from patchbay_runtime.api.resources import ResourcesOf
from patchbay_runtime.open_id.tokens import Identity
from patchbay_runtime.rights.operations import Operation
from patchbay_runtime.rights.roles import Role
from patchbay_runtime.storage import invitation_repository, member_repository
from patchbay_runtime.storage.invitation_repository import StoredInvitation
from patchbay_runtime.storage.member_repository import AlreadyMemberError, NewMember

router = APIRouter(prefix="/api/memberships")


class Taken(BaseModel):
    """The invitation's code."""

    model_config = ConfigDict(extra="forbid")

    invitation: str = Field(max_length=200, repr=False)


class Membership(TypedDict):
    """What somebody is in a tenant or, where that is null, on the platform; `member` is the id there."""

    tenant: str | None
    member: str
    role: Role


class Memberships(TypedDict):
    """Somebody, and all that he or she is here."""

    issuer: str
    subject: str
    memberships: list[Membership]


@router.get("", dependencies=[IDENTIFIED], responses=guarded())
async def list_own(person: Person, resources: ResourcesOf) -> Memberships:
    """Who the caller is to the API, also where that is nobody yet."""
    async with resources.database.transaction() as connection:
        found = await member_repository.all_of(connection, person.issuer, person.subject)
    memberships: list[Membership] = [
        {"tenant": member.tenant, "member": member.id, "role": member.role} for member in found
    ]
    return {"issuer": person.issuer, "subject": person.subject, "memberships": memberships}


@router.post(
    "",
    dependencies=[IDENTIFIED],
    status_code=HTTPStatus.CREATED,
    response_model=Membership,
    responses=guarded() | refusals(404, 409, 413, 422),
    openapi_extra=takes_body(Taken, required=True),
)
async def join(request: Request, person: Person, resources: ResourcesOf) -> JSONResponse:
    """Take an invitation, which nobody can take again."""
    code = parse_code("pbi", (await read_model(request, Taken, LARGEST_BODY_BYTES)).invitation)

    async def take(connection: AsyncConnection) -> tuple[StoredInvitation, str, Act]:
        invitation = await _invitation(connection, code)
        member = new_id()
        if await member_repository.count(connection, invitation.tenant) >= MOST_MEMBERS:
            message = f"there are {MOST_MEMBERS} members, the most that there may be"
            raise ApiError(HTTPStatus.CONFLICT, "too_many_members", message)
        await _add(connection, person, invitation, member)
        await invitation_repository.remove(connection, invitation.id)
        # The first that the new principal does.
        note_caller(request, Principal(member, invitation.tenant, invitation.role), Operation.MEMBER_MANAGE)
        about: dict[str, str | int] = {"member": member, "role": invitation.role, "invitation": invitation.id}
        details = {"issuer": person.issuer, "subject": person.subject, "invited_by": invitation.created_by}
        act = Act("somebody joined", about, details, tenant=invitation.tenant)
        await act.keep(request, connection)
        return invitation, member, act

    invitation, member, act = await resources.database.transact(None, take)
    act.log(request)
    body: Membership = {"tenant": invitation.tenant, "member": member, "role": invitation.role}
    return JSONResponse(body, status_code=HTTPStatus.CREATED)


async def _invitation(connection: AsyncConnection, code: Code | None) -> StoredInvitation:
    """The same 404 for what was never there, was taken, taken back, has ended, or is no longer its maker's to give."""
    if code is not None:
        invitation, digest = await invitation_repository.with_digest(connection, code.id) or (None, None)
        is_known = code.is_kept_as(digest)
        if is_known and invitation is not None and await _may_still_give(connection, invitation):
            return invitation
    message = "there is no such invitation, or not any more; ask for another one"
    raise ApiError(HTTPStatus.NOT_FOUND, "unknown_invitation", message)


async def _may_still_give(connection: AsyncConnection, invitation: StoredInvitation) -> bool:
    """Or who was removed would come back by an invitation of his or her own."""
    maker = await principal_of_id(connection, invitation.created_by)
    if maker is None or not maker.may_enter(invitation.tenant):
        return False
    return Operation.MEMBER_MANAGE in maker.operations and maker.may_give(invitation.role, None)


async def _add(connection: AsyncConnection, person: Identity, invitation: StoredInvitation, member: str) -> None:
    new = NewMember(
        member, invitation.tenant, person.issuer, person.subject, person.name, invitation.role, invitation.created_by
    )
    try:
        await member_repository.add(connection, new)
    except AlreadyMemberError:
        message = "you are a member there already; ask for another role instead"
        raise ApiError(HTTPStatus.CONFLICT, "already_member", message) from None
