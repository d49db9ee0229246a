"""Flows and their versions."""

import asyncio
from http import HTTPStatus
from typing import Any, Final, NotRequired

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import TypedDict

from patchbay_runtime.api.answers import Detail, Moment, guarded, takes_body, timestamp
from patchbay_runtime.api.audit import Act, change
from patchbay_runtime.api.errors import not_found
from patchbay_runtime.api.guard import needs
from patchbay_runtime.api.json_body import parse_json, read_body
from patchbay_runtime.api.path_names import FlowName
from patchbay_runtime.api.resources import Resources, ResourcesOf
from patchbay_runtime.api.tenants import Tenant
from patchbay_runtime.api.webhooks import NOT_TO_BE_KEPT, Webhook, told
from patchbay_runtime.flows.document import LARGEST_DOCUMENT_BYTES, FlowDocument
from patchbay_runtime.flows.flow import Flow
from patchbay_runtime.flows.problem import InvalidFlowError, Problem
from patchbay_runtime.flows.validation import check_flow, expressions_of
from patchbay_runtime.rights.operations import Operation
from patchbay_runtime.steps.expression import Check, registered
from patchbay_runtime.steps.fault import StepFault
from patchbay_runtime.storage import flow_repository
from patchbay_runtime.webhooks.webhooks import access_of

# Less than the gateway waits for an answer: the version would be stored all the same.
LONGEST_READING_SECONDS: Final = 50.0

router = APIRouter(prefix="/api/tenants/{tenant}/flows")


class Registered(TypedDict):
    """`warnings`: what may come of some of the flow's runs. `webhook`: of a flow that has one."""

    flow: str
    version: int
    warnings: list[Detail]
    webhook: NotRequired[Webhook]


class LatestVersion(TypedDict):
    """A flow in the list."""

    flow: str
    latest_version: int


class FlowList(TypedDict):
    """Every flow."""

    flows: list[LatestVersion]


class UnprovenWebhook(Webhook):
    """Until then the webhook knows who shows nothing."""

    unproven_until: Moment


class Version(TypedDict):
    """A registered document."""

    flow: str
    version: int
    created_at: Moment
    document: dict[str, Any]
    webhook: NotRequired[UnprovenWebhook]


@router.post(
    "",
    dependencies=[needs(Operation.FLOW_REGISTER)],
    status_code=HTTPStatus.CREATED,
    response_model=Registered,
    responses=guarded(404, 413, 422),
    openapi_extra=takes_body(FlowDocument, required=True),
)
async def register(request: Request, tenant: Tenant, resources: ResourcesOf) -> JSONResponse:
    """Register a flow document as the flow's next version; the first one that needs a secret is answered with it."""
    document = parse_json(await read_body(request, LARGEST_DOCUMENT_BYTES))
    flow = check_flow(document, resources.reach, await _syntax(resources, tenant, document))
    checked = Flow(document)

    async def add(connection: AsyncConnection) -> tuple[int, str | None]:
        version = await flow_repository.add_version(connection, flow.name, document)
        return version, await resources.webhooks.first_secret(connection, tenant, checked)

    def registered_as(added: tuple[int, str | None]) -> Act:
        version, secret = added
        what = "a flow version was registered" + ("" if secret is None else ", and its webhook's secret made")
        return Act(what, {"flow": flow.name, "version": version})

    version, secret = await change(request, resources.database, tenant, add, registered_as)
    warnings = _warnings(checked, resources.settings.most_run_processes)
    answer = Registered(flow=flow.name, version=version, warnings=warnings)
    if access_of(checked) is not None:
        answer["webhook"] = told(tenant, flow.name, secret)
    return JSONResponse(answer, status_code=HTTPStatus.CREATED, headers=NOT_TO_BE_KEPT)


@router.get("", dependencies=[needs(Operation.FLOW_READ)], responses=guarded(404, 422))
async def list_flows(tenant: Tenant, resources: ResourcesOf) -> FlowList:
    """Every flow with its latest version."""
    async with resources.database.transaction(tenant) as connection:
        flows = await flow_repository.list_flows(connection)
    return {"flows": [{"flow": name, "latest_version": version} for name, version in flows]}


@router.get(
    "/{flow}",
    dependencies=[needs(Operation.FLOW_READ)],
    responses=guarded(404, 422),
)
async def latest(flow: FlowName, tenant: Tenant, resources: ResourcesOf) -> Version:
    """The flow's latest version, and how long its webhook needs no secret yet."""
    async with resources.database.transaction(tenant) as connection:
        version = await flow_repository.latest_version(connection, flow)
        stored = None if version is None else await flow_repository.get_version(connection, flow, version)
        unproven_until = await resources.webhooks.unproven_until(connection, tenant, flow)
    if stored is None:
        raise not_found("flow", flow)
    if unproven_until is None:
        return _version(stored)
    until = timestamp(unproven_until)
    return {**_version(stored), "webhook": {**told(tenant, flow, None), "unproven_until": until}}


@router.get("/{flow}/versions/{version}", dependencies=[needs(Operation.FLOW_READ)], responses=guarded(404, 422))
async def one_version(flow: FlowName, version: int, tenant: Tenant, resources: ResourcesOf) -> Version:
    """One version of the flow."""
    async with resources.database.transaction(tenant) as connection:
        stored = await flow_repository.get_version(connection, flow, version)
        if stored is None and await flow_repository.latest_version(connection, flow) is None:
            raise not_found("flow", flow)
    if stored is None:
        raise not_found("version", str(version))
    return _version(stored)


async def _syntax(resources: Resources, tenant: str, document: Any) -> Check:
    """The expressions are read where their reader can take neither the API's time nor its memory."""
    expressions = expressions_of(document)
    if not expressions:
        return registered
    try:
        async with asyncio.timeout(LONGEST_READING_SECONDS):
            faults = await resources.evaluators.syntax(tenant, expressions)
    except TimeoutError:
        raise StepFault("evaluation_busy", "the expressions were not read in time", retryable=True) from None
    except StepFault as fault:
        if fault.retryable:
            raise
        message = f"the flow's expressions cannot be read ({fault.code}); make them fewer or shorter, or mend them"
        raise InvalidFlowError([Problem("$.steps", message)]) from None
    return dict(zip(expressions, faults, strict=True)).__getitem__


def _warnings(flow: Flow, most: int) -> list[Detail]:
    """What may come of the flow's runs, though not of all."""
    if flow.extent.at_most(flow.start) <= most:
        return []
    message = (
        f"a run may come to more than {most} processes, at which it fails; lower the `limit` of the splits if their "
        "lists are never so long"
    )
    return [{"path": "$.steps", "message": message}]


def _version(stored: flow_repository.FlowVersion) -> Version:
    return {
        "flow": stored.flow,
        "version": stored.version,
        "created_at": timestamp(stored.created_at),
        "document": stored.document,
    }
