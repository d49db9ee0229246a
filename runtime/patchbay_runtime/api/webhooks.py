"""Senders of webhooks, and the secrets that they are known by."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated, Final, NotRequired

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import TypedDict

from patchbay_runtime.api.answers import guarded, takes_body
from patchbay_runtime.api.audit import Act, change
from patchbay_runtime.api.errors import ApiError, not_found
from patchbay_runtime.api.guard import needs
from patchbay_runtime.api.json_body import read_model
from patchbay_runtime.api.path_names import FlowName
from patchbay_runtime.api.resources import ResourcesOf
from patchbay_runtime.api.tenants import Tenant
from patchbay_runtime.execution.start import UnknownFlowError
from patchbay_runtime.rights.operations import Operation
from patchbay_runtime.steps.number import Whole
from patchbay_runtime.webhooks.webhooks import USUAL_OVERLAP_SECONDS, NoSecretNeededError, UnknownSenderError

LARGEST_BODY_BYTES: Final = 4096
LONGEST_OVERLAP_SECONDS: Final = 7 * 24 * 3600
# The same for everyone; some clients send a password only when they are asked like this.
CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="webhook", charset="UTF-8"'}
NOT_TO_BE_KEPT: Final = {"Cache-Control": "no-store"}

router = APIRouter(prefix="/api/tenants/{tenant}/flows/{flow}/webhook-secret")

GivenSecret = Annotated[
    str, StringConstraints(min_length=16, max_length=200, pattern=r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$")
]


class NewSecret(BaseModel):
    """`secret`: of a sender that chooses it; one is made where it is left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    secret: GivenSecret | None = Field(default=None, repr=False)
    overlap_seconds: Whole = Field(default=USUAL_OVERLAP_SECONDS, ge=0, le=LONGEST_OVERLAP_SECONDS)


class Webhook(TypedDict):
    """Where senders call; `secret` only where it has been made for this answer."""

    path: str
    secret: NotRequired[str]


class Replaced(TypedDict):
    """A webhook with a new secret."""

    flow: str
    webhook: Webhook


@contextmanager
def senders_are_known() -> Iterator[None]:
    """Answer 401 to a sender that no webhook knows: the same for whatever is wrong, and for what is not there."""
    try:
        yield
    except UnknownSenderError:
        message = "no webhook here knows the sender; check the address, and the key, password or signature"
        raise ApiError(HTTPStatus.UNAUTHORIZED, "unauthenticated", message, headers=CHALLENGE) from None


def told(tenant: str, flow: str, secret: str | None) -> Webhook:
    """A webhook in an answer."""
    path = f"/hooks/{tenant}/{flow}"
    return Webhook(path=path) if secret is None else Webhook(path=path, secret=secret)


@router.post(
    "",
    dependencies=[needs(Operation.FLOW_REGISTER)],
    status_code=HTTPStatus.CREATED,
    response_model=Replaced,
    responses=guarded(404, 409, 413, 422),
    openapi_extra=takes_body(NewSecret, required=False),
)
async def replace_secret(request: Request, flow: FlowName, tenant: Tenant, resources: ResourcesOf) -> JSONResponse:
    """Give the flow's webhook a new secret: told here and nowhere else, and not at all where it was given."""
    wanted = await read_model(request, NewSecret, LARGEST_BODY_BYTES)
    act = Act("a webhook's secret was replaced", {"flow": flow, "overlap_seconds": wanted.overlap_seconds})

    async def replace(connection: AsyncConnection) -> str:
        return await resources.webhooks.replace_secret(
            connection, tenant, flow, given=wanted.secret, overlap_seconds=wanted.overlap_seconds
        )

    try:
        secret = await change(request, resources.database, tenant, replace, lambda _: act)
    except UnknownFlowError:
        raise not_found("flow", flow) from None
    except NoSecretNeededError:
        message = (
            "the flow's latest version has no webhook with a secret; register one that starts with an http-trigger "
            "whose access is not public"
        )
        raise ApiError(HTTPStatus.CONFLICT, "no_secret_needed", message) from None
    webhook = told(tenant, flow, secret if wanted.secret is None else None)
    return JSONResponse(Replaced(flow=flow, webhook=webhook), status_code=HTTPStatus.CREATED, headers=NOT_TO_BE_KEPT)
