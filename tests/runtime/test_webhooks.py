"""Webhooks over HTTP: who may start a flow's runs, and what everyone else is told."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest
from patchbay_runtime.flows.problem import InvalidFlowError
from patchbay_runtime.flows.validation import check_flow

from tests.runtime import senders
from tests.runtime.conftest import Tenant

BODY = b'{"id": 5566778899001122, "note": "\xc3\xa4"}'


def document(access: Mapping[str, Any] | None = None, name: str = "f") -> dict[str, Any]:
    """A flow that answers with what it got."""
    config = {} if access is None else {"access": access}
    return {"name": name, "start": "receive", "steps": {"receive": {"shape": "http-trigger", "config": config}}}


def registered(tenant: Tenant, access: Mapping[str, Any] | None = None, name: str = "f") -> dict[str, str]:
    """The webhook in the answer to a registration."""
    response = tenant.client.post(f"{tenant.path}/flows", json=document(access, name))
    assert response.status_code == 201, response.text
    webhook: dict[str, str] = response.json()["webhook"]
    return webhook


def send(
    tenant: Tenant,
    headers: senders.Headers | list[tuple[str, str]] | None = None,
    *,
    body: bytes = BODY,
    path: str | None = None,
    **query: Any,
) -> httpx.Response:
    path = path or f"/hooks/{tenant.name}/f"
    return tenant.client.post(path, headers=headers, content=body, params=query)


def seen(response: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    """All of an answer that could tell something."""
    return (
        response.status_code,
        {name: value for name, value in response.headers.items() if name != "date"},
        response.content,
    )


@pytest.mark.usefixtures("workers")
@pytest.mark.parametrize(("access", "sign"), senders.SENDERS.values(), ids=senders.SENDERS)
def test_a_sender_starts_runs_with_the_secret_that_the_registration_gave(
    tenant: Tenant, access: Mapping[str, Any], sign: senders.Sender
) -> None:
    secret = registered(tenant, access)["secret"]
    answer = send(tenant, sign(secret, BODY), wait=30)
    assert (answer.status_code, answer.json()["output"]) == (200, json.loads(BODY))
    assert send(tenant, sign(secret + "x", BODY)).status_code == 401
    assert send(tenant).status_code == 401


@pytest.mark.usefixtures("workers")
def test_a_sender_that_has_only_a_url_gives_the_key_in_it(tenant: Tenant) -> None:
    webhook = registered(tenant)
    answer = tenant.client.post(f"{webhook['path']}?key={webhook['secret']}&wait=30", content=BODY)
    assert (answer.status_code, answer.json()["output"]) == (200, json.loads(BODY))
    assert send(tenant, {"X-Webhook-Key": webhook["secret"]}, key=webhook["secret"]).status_code == 401
    assert send(tenant, [("X-Webhook-Key", webhook["secret"])] * 2).status_code == 401


def test_a_flow_that_says_nothing_is_protected_by_a_key(tenant: Tenant) -> None:
    webhook = registered(tenant)
    assert webhook["path"] == f"/hooks/{tenant.name}/f"
    assert send(tenant).status_code == 401
    assert send(tenant, {"X-Webhook-Key": webhook["secret"]}).status_code == 202


def test_a_public_flow_has_no_secret_and_asks_for_none(tenant: Tenant) -> None:
    assert registered(tenant, {"kind": "public"}) == {"path": f"/hooks/{tenant.name}/f"}
    assert send(tenant).status_code == 202


def test_the_access_of_the_latest_version_counts_and_the_secret_stays(tenant: Tenant) -> None:
    key = {"X-Webhook-Key": registered(tenant)["secret"]}
    assert "secret" not in registered(tenant, senders.GITHUB)
    assert send(tenant, key).status_code == 401
    assert send(tenant, senders.github(key["X-Webhook-Key"], BODY)).status_code == 202
    registered(tenant, {"kind": "public"})
    assert send(tenant).status_code == 202
    assert "secret" not in registered(tenant)
    assert send(tenant).status_code == 401
    assert send(tenant, key).status_code == 202


def test_a_flow_without_a_trigger_has_no_webhook_but_can_be_started_by_the_api(tenant: Tenant) -> None:
    flow = {"name": "f", "start": "m", "steps": {"m": {"shape": "map", "config": {"expression": "$"}}}}
    assert "webhook" not in tenant.client.post(f"{tenant.path}/flows", json=flow).json()
    assert send(tenant).status_code == 401
    assert tenant.client.post(f"{tenant.path}/flows/f/runs", content=BODY).status_code == 202


def test_nobody_learns_which_tenants_and_flows_there_are(tenant: Tenant) -> None:
    for name, access in {"f": senders.KEY, "basic": senders.BASIC, "signed": senders.GITHUB}.items():
        registered(tenant, access, name)
    flow = {"name": "inner", "start": "m", "steps": {"m": {"shape": "map", "config": {"expression": "$"}}}}
    assert tenant.client.post(f"{tenant.path}/flows", json=flow).status_code == 201
    paths = [
        f"/hooks/{tenant.name}/{name}" for name in ("f", "basic", "signed", "inner", "missing", "%C3%A4", "F", "a" * 90)
    ]
    paths += [f"/hooks/{name}/f" for name in ("missing", tenant.name.upper(), "%00", "a%60b", "information-schema")]
    guesses: list[dict[str, str]] = [
        {},
        {"X-Webhook-Key": "wrong"},
        {"Authorization": "Basic d2ViaG9vazp3cm9uZw=="},
        {"X-Hub-Signature-256": f"sha256={'0' * 64}"},
    ]
    for body, status in ((BODY, 401), (b"{", 401), (b"", 401), (b"x" * (2**20 + 1), 413)):
        answers = [seen(send(tenant, guess, body=body, path=path)) for path in paths for guess in guesses]
        assert [answer for answer in answers if answer != answers[0]] == []
        assert answers[0][0] == status
    refused = send(tenant)
    assert refused.json()["error"]["code"] == "unauthenticated"
    assert refused.headers["WWW-Authenticate"] == 'Basic realm="webhook", charset="UTF-8"'


def test_what_is_wrong_with_a_request_is_told_to_known_senders_alone(tenant: Tenant) -> None:
    key = {"X-Webhook-Key": registered(tenant)["secret"]}
    assert send(tenant, body=b"{").status_code == 401
    assert send(tenant, key, body=b"{").json()["error"]["code"] == "invalid_json"


def test_githubs_published_delivery_is_known_and_only_then_found_to_be_no_json(tenant: Tenant) -> None:
    registered(tenant, senders.GITHUB)
    given = {"secret": "It's a Secret to Everybody", "overlap_seconds": 0}
    assert tenant.client.post(f"{tenant.path}/flows/f/webhook-secret", json=given).status_code == 201
    signature = {"X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}
    assert send(tenant, signature, body=b"Hello, World!").json()["error"]["code"] == "invalid_json"
    assert send(tenant, signature, body=b"Hello, World?").json()["error"]["code"] == "unauthenticated"


def test_a_signature_is_good_for_its_own_flow_and_tenant_alone(new_tenant: Callable[[], Tenant]) -> None:
    one, other = new_tenant(), new_tenant()
    secret = registered(one, senders.GITHUB)["secret"]
    registered(one, senders.GITHUB, "g")
    registered(other, senders.GITHUB)
    headers = senders.github(secret, BODY)
    assert send(one, headers, path=f"/hooks/{one.name}/g").status_code == 401
    assert send(other, headers).status_code == 401
    assert send(one, headers).status_code == 202


def test_a_recorded_request_is_refused_once_its_time_is_over(tenant: Tenant) -> None:
    secret = registered(tenant, senders.STRIPE)["secret"]
    recorded = senders.stripe(secret, BODY)
    assert send(tenant, recorded).status_code == 202
    assert send(tenant, senders.stripe(secret, BODY, at=time.time() - 301)).status_code == 401
    assert send(tenant, senders.stripe(secret, BODY, at=time.time() + 310)).status_code == 401


@pytest.mark.parametrize("value", ["x" * 60_000, "\u00e4\u00ff".encode("latin-1"), b"\x80\xff"])
def test_a_hostile_header_is_refused_like_any_other(tenant: Tenant, value: str | bytes) -> None:
    for name, access in {"a": senders.KEY, "b": senders.BASIC, "c": senders.GITHUB, "d": senders.STRIPE}.items():
        registered(tenant, access, name)
        for header in ("X-Webhook-Key", "Authorization", "X-Hub-Signature-256", "Stripe-Signature"):
            raw: Any = {header: value}
            answer = tenant.client.post(f"/hooks/{tenant.name}/{name}", headers=raw, content=BODY)
            assert answer.status_code == 401


def test_keys_of_requests_hold_for_webhooks_as_for_the_api(tenant: Tenant) -> None:
    headers = {"X-Webhook-Key": registered(tenant)["secret"], "Idempotency-Key": "order-1"}
    run = send(tenant, headers).json()["run"]
    assert send(tenant, headers).json()["run"] == run
    again = tenant.client.post(f"{tenant.path}/flows/f/runs", content=BODY, headers={"Idempotency-Key": "order-1"})
    assert again.json()["run"] == run
    assert send(tenant, headers, body=b"1").json()["error"]["code"] == "idempotency_key_reused"
    assert send(tenant, {"Idempotency-Key": "order-1"}).status_code == 401


@pytest.mark.parametrize(
    ("access", "path", "message"),
    [
        ("key", "access", "valid dictionary"),
        ({}, "access.kind", "Field required"),
        ({"kind": "none"}, "access.kind", "'key', 'basic', 'hmac' or 'public'"),
        ({"kind": "key", "secret": "x"}, "access.secret", "Extra inputs"),
        ({"kind": "public", "style": "github"}, "access.style", "Extra inputs"),
        ({"kind": "hmac"}, "access.style", "Field required"),
        ({"kind": "hmac", "style": "gitlab"}, "access.style", "'github', 'stripe', 'shopify' or 'custom'"),
        ({"kind": "hmac", "style": "github", "header": "X-Mine"}, "access.header", "Extra inputs"),
        (senders.custom(), "access.header", "Field required"),
        (senders.custom(header="X Mine"), "access.header", "pattern"),
        (senders.custom(header="X-M", algorithm="md5"), "access.algorithm", "'sha256' or 'sha512'"),
        (senders.custom(header="X-M", encoding="binary"), "access.encoding", "'hex' or 'base64'"),
        (senders.custom(header="X-M", prefix="\u00e4="), "access.prefix", "pattern"),
        (senders.custom(header="X-M", timestamp_header="x-m"), "access.timestamp_header", "own header"),
        (senders.custom(header="X-M", tolerance_seconds=9), "access.tolerance_seconds", "`timestamp_header`"),
        (senders.custom(header="X-M", timestamp_header="X-T", tolerance_seconds=0), "access.tolerance_seconds", "1"),
        (senders.custom(header="X-M", signed="body"), "access.signed", "{body} in it once"),
        (senders.custom(header="X-M", signed="{timestamp}{body}"), "access.signed", "`timestamp_header`"),
        (senders.custom(header="X-M", timestamp_header="X-T", signed="{body}"), "access.signed", "is not signed"),
    ],
)
def test_a_fault_of_the_access_is_told_at_its_place(access: Any, path: str, message: str) -> None:
    with pytest.raises(InvalidFlowError) as caught:
        check_flow(document(access))
    (problem,) = caught.value.problems
    assert problem.path == f"$.steps.receive.config.{path}"
    assert message in problem.message


def test_a_document_is_shown_as_it_was_registered(tenant: Tenant) -> None:
    wanted = document(senders.SLACK)
    tenant.client.post(f"{tenant.path}/flows", json=wanted)
    assert tenant.client.get(f"{tenant.path}/flows/f").json()["document"] == wanted
