"""Starting and following runs."""

import contextlib
from collections.abc import Awaitable, Callable
from functools import cache, partial
from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import TypedDict

from patchbay_runtime.api.answers import Responses, guarded, refusals, takes_body
from patchbay_runtime.api.audit import Act
from patchbay_runtime.api.errors import ApiError, not_found
from patchbay_runtime.api.guard import OPEN, needs
from patchbay_runtime.api.json_answer import JsonAnswer
from patchbay_runtime.api.json_body import parse_json, read_body
from patchbay_runtime.api.path_names import FlowName, GivenName, RunId
from patchbay_runtime.api.resources import Resources, ResourcesOf
from patchbay_runtime.api.run_view import (
    ProcessPage,
    RunDetails,
    RunList,
    RunSummary,
    processes_page,
    run_details,
    run_state,
    run_summary,
)
from patchbay_runtime.api.tenants import Tenant, tenant_is_there
from patchbay_runtime.api.webhooks import senders_are_known
from patchbay_runtime.execution.limits import PAUSE_SECONDS
from patchbay_runtime.execution.start import Accepted, KeyReusedError, NoRoomError, UnknownFlowError
from patchbay_runtime.ids import new_id
from patchbay_runtime.rights.operations import Operation
from patchbay_runtime.storage import run_repository
from patchbay_runtime.storage.database import is_older_schema, may_pass
from patchbay_runtime.storage.payloads import LARGEST_PAYLOAD_BYTES, TooLargeError, encode
from patchbay_runtime.storage.run_order import BATCH, page_after
from patchbay_runtime.webhooks.check import Sent

LONGEST_WAIT_SECONDS = 60

router = APIRouter()

Wait = Annotated[float | None, Query(gt=0, le=LONGEST_WAIT_SECONDS)]
After = Annotated[str, Query(pattern=r"^([0-9a-f]{32})?$")]
Limit = Annotated[int, Query(ge=1, le=BATCH)]
IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]


_ENDED: Final[Responses] = {200: {"model": RunSummary, "description": "The run has ended within `wait`"}}


class Started(TypedDict):
    """A run that has been accepted."""

    run: str
    status: Literal["accepted"]


@router.post(
    "/hooks/{tenant}/{flow}",
    dependencies=[OPEN],
    status_code=HTTPStatus.ACCEPTED,
    response_model=Started,
    responses=_ENDED | refusals(401, 413, 422, 429),
    openapi_extra=takes_body(None, required=False),
)
async def start_by_webhook(
    request: Request,
    *,
    flow: GivenName,
    tenant: GivenName,
    resources: ResourcesOf,
    wait: Wait = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Start a run as `start_run` does, for senders that the flow's webhook knows."""
    # Of everyone: a body that is too large must not tell which flows there are.
    body = await read_body(request, LARGEST_PAYLOAD_BYTES)
    sent = Sent(request.headers.raw, request.query_params.getlist("key"), body)

    async def latest(connection: AsyncConnection, flow: str) -> int:
        return await resources.webhooks.admitted(connection, tenant, flow, sent)

    async def start(run: str) -> Accepted:
        return await resources.starter.start(
            tenant, flow, _payload_of(body), run=run, idempotency_key=idempotency_key, find=latest
        )

    with senders_are_known():
        if not await tenant_is_there(tenant, resources):
            resources.webhooks.refuse(sent)
        return await _started(resources, tenant, flow, start, wait=wait)


@router.post(
    "/api/tenants/{tenant}/flows/{flow}/runs",
    dependencies=[needs(Operation.RUN_START)],
    status_code=HTTPStatus.ACCEPTED,
    response_model=Started,
    responses=_ENDED | guarded(404, 413, 422, 429),
    openapi_extra=takes_body(None, required=False),
)
async def start_run(
    request: Request,
    *,
    flow: FlowName,
    tenant: Tenant,
    resources: ResourcesOf,
    wait: Wait = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Start a run with the body as its payload; with `wait` answer with its end if that comes within the seconds."""
    payload = _payload_of(await read_body(request, LARGEST_PAYLOAD_BYTES))

    async def start(run: str) -> Accepted:
        act = Act("a run was started", {"flow": flow, "run": run})
        accepted = await resources.starter.start(
            tenant, flow, payload, run=run, idempotency_key=idempotency_key, beside=partial(act.keep, request)
        )
        # The audit is told of it unless an earlier request has started the run.
        if accepted.fresh:
            act.log(request)
        return accepted

    async def keep_look(connection: AsyncConnection, run: str) -> None:
        await _looked_at(run).keep(request, connection)

    return await _started(resources, tenant, flow, start, wait=wait, keep_look=keep_look)


@router.get("/api/tenants/{tenant}/runs", dependencies=[needs(Operation.RUN_LIST)], responses=guarded(404, 422))
async def list_runs(tenant: Tenant, resources: ResourcesOf, after: After = "", limit: Limit = 100) -> RunList:
    """A page of the tenant's runs; the next one comes after the last run of this one."""
    page = page_after(after, limit)
    while (found := await resources.database.transact(tenant, page)) is None:
        pass
    return {"runs": [run_state(run) for run in found]}


@router.get(
    "/api/tenants/{tenant}/runs/{run}",
    dependencies=[needs(Operation.RUN_READ)],
    response_model=RunDetails,
    responses=guarded(404, 422),
)
async def get_run(request: Request, run: RunId, tenant: Tenant, resources: ResourcesOf) -> JsonAnswer:
    """A run with its processes."""
    async with resources.database.transaction(tenant) as connection:
        state = await run_repository.get_run(connection, run)
        if state is None:
            raise not_found("run", run)
        await _looked_at(run).keep(request, connection)
        return JsonAnswer(await run_details(connection, state))


@router.get(
    "/api/tenants/{tenant}/runs/{run}/processes",
    dependencies=[needs(Operation.RUN_READ)],
    response_model=ProcessPage,
    responses=guarded(404, 422),
)
async def list_processes(
    request: Request, *, run: RunId, tenant: Tenant, resources: ResourcesOf, after: After = "", limit: Limit = 100
) -> JsonAnswer:
    """A page of a run's processes; the next one comes after the last process of this one."""
    async with resources.database.transaction(tenant) as connection:
        if await run_repository.get_run(connection, run) is None:
            raise not_found("run", run)
        await _looked_at(run).keep(request, connection)
        return JsonAnswer(await processes_page(connection, run, after, limit))


def _looked_at(run: str) -> Act:
    return Act("a run's payloads were looked at", {"run": run})


async def _nobody_looks(_connection: AsyncConnection, _run: str) -> None:
    """Senders of webhooks have no part in the audit."""


async def _started(
    resources: Resources,
    tenant: str,
    flow: str,
    start: Callable[[str], Awaitable[Accepted]],
    *,
    wait: float | None,
    keep_look: Callable[[AsyncConnection, str], Awaitable[None]] = _nobody_looks,
) -> Response:
    """What is answered of a run that `start` starts, to be called as it says.

    `keep_look`: tells the audit that the output of a run that an earlier request has started is shown.
    """
    try:
        if wait is None:
            return _accepted((await start(new_id())).run)
        return await _start_and_wait(resources, tenant, start, wait, keep_look)
    except UnknownFlowError:
        raise not_found("flow", flow) from None
    except KeyReusedError:
        message = "the Idempotency-Key came with another body before; use a new key for another request"
        raise ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_key_reused", message) from None
    except NoRoomError as error:
        message = f"{error}; try again when some have ended"
        raise ApiError(
            HTTPStatus.TOO_MANY_REQUESTS, "too_many_open_processes", message, retry_after=PAUSE_SECONDS
        ) from None


def _payload_of(body: bytes) -> Callable[[], str]:
    """The body as JSON text, which it is read into when it is first asked for; no body is null."""

    @cache
    def payload() -> str:
        if not body:
            return "null"
        try:
            return encode(parse_json(body))
        except TooLargeError as error:
            raise ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", str(error)) from None
        except ValueError as error:
            message = f"the body cannot be kept: {error}"
            raise ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_json", message) from None

    return payload


def _accepted(run: str) -> JSONResponse:
    return JSONResponse(Started(run=run, status="accepted"), status_code=HTTPStatus.ACCEPTED)


async def _start_and_wait(
    resources: Resources,
    tenant: str,
    start: Callable[[str], Awaitable[Accepted]],
    seconds: float,
    keep_look: Callable[[AsyncConnection, str], Awaitable[None]],
) -> Response:
    run = new_id()
    with contextlib.ExitStack() as expected:
        event = expected.enter_context(resources.waiters.expect(tenant, run))
        accepted = await start(run)
        if not accepted.fresh:
            event = expected.enter_context(resources.waiters.expect(tenant, accepted.run))
        try:
            state = await resources.waiters.wait(tenant, accepted.run, event, seconds)
            if state is not None:
                async with resources.database.transaction(tenant) as connection:
                    if not accepted.fresh:
                        await keep_look(connection, accepted.run)
                    return JsonAnswer(await run_summary(connection, state))
        except Exception as error:
            # The run has been accepted: saying anything else would have it started twice.
            if not (may_pass(error) or is_older_schema(error)):
                raise
    return _accepted(accepted.run)
