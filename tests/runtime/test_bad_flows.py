"""A flow that cannot work is refused with the place of every fault in its document."""

import copy
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from patchbay_runtime.flows.problem import InvalidFlowError
from patchbay_runtime.flows.validation import check_flow
from patchbay_runtime.reach.rule import Reach
from patchbay_runtime.settings import Settings
from patchbay_runtime.shapes.map import Config
from pydantic import ValidationError

from tests.http_requests import http
from tests.runtime.conftest import AUTHORIZED, Tenant, running_api

LARGE = 2**53 + 1  # the first integer that a double does not have

ORDERS: dict[str, Any] = {
    "name": "orders",
    "start": "receive",
    "steps": {
        "receive": {"shape": "http-trigger", "next": "map"},
        "map": {"shape": "map", "config": {"expression": "{'lines': lines}"}, "next": "lines"},
        "lines": {"shape": "split", "config": {"expression": "lines"}, "next": "route"},
        "route": {
            "shape": "branch",
            "config": {"cases": [{"when": "qty > 0", "next": "send"}], "default": "note"},
        },
        "send": {"shape": "http-connector", "config": {"method": "POST", "url": "http://127.0.0.1:9/sink"}},
        "note": {"shape": "set-variables", "config": {"variables": {"k": "sku"}}},
    },
}

Change = Callable[[dict[str, Any]], object]


def problems(change: Change) -> list[tuple[str, str]]:
    document = copy.deepcopy(ORDERS)
    change(document)
    with pytest.raises(InvalidFlowError) as caught:
        check_flow(document)
    return [(problem.path, problem.message) for problem in caught.value.problems]


def _at(*place: str | int, value: Any) -> Change:
    def change(document: dict[str, Any]) -> None:
        target: Any = document
        for part in place[:-1]:
            target = target[part]
        target[place[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        (_at("steps", "map", "shape", value="mapp"), "$.steps.map.shape", "unknown shape 'mapp'"),
        (_at("steps", "map", "next", value="linez"), "$.steps.map.next", "there is no step 'linez'"),
        (
            _at("steps", "route", "config", "cases", 0, "next", value="nowhere"),
            "$.steps.route.config.cases[0].next",
            "there is no step 'nowhere'",
        ),
        (_at("steps", "route", "config", "default", value="nowhere"), "$.steps.route.config.default", "no step"),
        (_at("steps", "route", "next", value="send"), "$.steps.route.next", "remove `next`"),
        (_at("start", value="begin"), "$.start", "there is no step 'begin'"),
        (lambda document: document.pop("start"), "$.start", "Field required"),
        (_at("steps", value={}), "$.steps", "at least 1"),
        (_at("name", value="Not A Name"), "$.name", "pattern"),
        (_at("colour", value="red"), "$.colour", "Extra inputs"),
        (_at("steps", "alone", value={"shape": "delay", "config": {"seconds": 1}}), "$.steps.alone", "no path leads"),
        (_at("steps", "send", "next", value="map"), "", "must not form a cycle"),
        (_at("steps", "map", "config", value={}), "$.steps.map.config.expression", "Field required"),
        (_at("steps", "map", "config", "expresion", value="x"), "$.steps.map.config.expresion", "Extra inputs"),
        (_at("steps", "map", "config", "expression", value="a.("), "$.steps.map.config.expression", "position 3"),
        (
            _at("steps", "route", "config", "cases", 0, "when", value="qty >"),
            "$.steps.route.config.cases[0].when",
            "not a valid JSONata expression",
        ),
        (
            _at("steps", "note", "config", "variables", "k", value="]"),
            "$.steps.note.config.variables.k",
            "not a valid JSONata expression",
        ),
        (_at("steps", "map", "config", "expression", value="x" * 10_001), "$.steps.map.config.expression", "10000"),
        (_at("steps", "map", "config", "expression", value="/(?=a)/"), "$.steps.map.config.expression", "not a valid"),
        (_at("steps", "send", "config", "timeout_seconds", value=61), "$.steps.send.config.timeout_seconds", "60"),
        (_at("steps", "send", "config", "url", value="file:///etc/passwd"), "$.steps.send.config.url", "pattern"),
        (_at("steps", "send", "config", "headers", value={"Host": "x"}), "$.steps.send.config.headers", "Host"),
        (_at("steps", "map", "shape", value="http-trigger"), "$.steps.map.shape", "only be the start"),
    ],
)
def test_a_fault_is_named_with_its_json_path(change: Change, path: str, message: str) -> None:
    found = problems(change)
    assert any(place.startswith(path) and message in text for place, text in found), found


def test_a_correct_flow_is_accepted() -> None:
    assert check_flow(ORDERS).name == "orders"


def test_all_faults_are_told_at_once() -> None:
    def change(document: dict[str, Any]) -> None:
        document["steps"]["map"]["config"] = {"expression": "("}
        document["steps"]["send"]["shape"] = "fax"
        document["steps"]["lines"]["next"] = "gone"

    assert [path for path, _ in problems(change)] == [
        "$.steps.map.config.expression",
        "$.steps.send.shape",
        "$.steps.lines.next",
    ]


@pytest.mark.parametrize("document", [None, [], "flow", 1, {"name": "a"}, {"steps": []}])
def test_what_is_no_flow_at_all_is_refused(document: Any) -> None:
    with pytest.raises(InvalidFlowError):
        check_flow(document)


def test_the_api_answers_422_with_the_paths(tenant: Tenant) -> None:
    document = copy.deepcopy(ORDERS)
    document["steps"]["map"]["config"]["expression"] = "$sum("
    response = tenant.client.post(f"{tenant.path}/flows", json=document)
    assert response.status_code == 422
    error = response.json()["error"]
    assert error["code"] == "invalid_flow"
    assert error["details"][0]["path"] == "$.steps.map.config.expression"
    assert tenant.client.get(f"{tenant.path}/flows").json() == {"flows": []}


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"a": NaN}', b"[" * 100_000])
def test_a_body_that_is_not_json_is_refused_with_422(tenant: Tenant, body: bytes) -> None:
    response = tenant.client.post(f"{tenant.path}/flows", content=body)
    assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid_json")


def test_a_document_over_the_limit_is_refused_with_413(tenant: Tenant) -> None:
    response = tenant.client.post(f"{tenant.path}/flows", content=b" " * 300_000)
    assert response.status_code == 413


HERE = Reach(ports=[(443, 443), (8000, 8100)], private=[ip_network("10.9.0.0/16")])


def calling(url: str) -> dict[str, Any]:
    document = copy.deepcopy(ORDERS)
    document["steps"]["send"]["config"]["url"] = url
    return document


@pytest.mark.parametrize(
    "url",
    [
        "https://partner.example.com/orders",
        "http://partner.example.com:8000/",
        "https://partner.example.com:8100/x?y=1",
        "https://9.9.9.9/",
        "https://10.9.1.2/",
        "http://sink.example.svc:443/deliveries",
    ],
)
def test_an_address_that_the_network_lets_through_is_taken(url: str) -> None:
    assert check_flow(calling(url), HERE).name == "orders"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://partner.example.com/", "port 80 is not open to connectors here, only 443, 8000-8100; use one of them"),
        ("https://partner.example.com:8443/", "port 8443 is not open"),
        ("http://redis.patchbay-data:6379/", "port 6379 is not open"),
        ("https://partner.example.com:0/", "port 0 is not open"),
        ("https://partner.example.com:99999/", "port 99999 is not open"),
        ("https://partner.example.com:https/", "no address of a host and a port from 1 to 65535"),
        ("https://10.8.0.1/", "10.8.0.1 is a private or reserved address"),
        ("https://169.254.169.254/latest/meta-data", "private or reserved"),
        ("https://100.64.0.1/", "private or reserved"),
        ("https://127.1/", "private or reserved"),
        ("https://0x7f.0.0.1/", "private or reserved"),
        ("https://2130706433/", "private or reserved"),
        ("https://[::1]/", "private or reserved"),
        ("https://[::ffff:10.0.0.1]/", "private or reserved"),
        ("https://[64:ff9b::a00:1]/", "private or reserved"),
        ("https://[fe80::1%25eth0]/", "private or reserved"),
        ("https://224.0.0.1/", "private or reserved"),
        ("https://169\u3002254\u3002170\u300223/", "169.254.170.23 is a private or reserved address"),
        ("https://169\uff0e254\uff0e169\uff0e254/", "private or reserved"),
        ("https://127.0.0.1\u3002/", "private or reserved"),
        ("https://[::7f00:1]/", "private or reserved"),
        ("https://[2606:4700::1111]/", "private or reserved"),
        ("https://localhost/", "private or reserved"),
        ("https://any.localhost./", "private or reserved"),
        ("https://metadata.google.internal/", "private or reserved"),
        ("https://[::1/", "no address of a host"),
        ("https://x]:443/", "no address of a host"),
        ("https://[127.0.0.1]/", "no address of a host"),
        ("https://\uff11\uff16\uff19.254.169.254/", "no address of a host"),
    ],
)
def test_an_address_that_the_network_would_not_let_through_is_refused_with_the_remedy(url: str, told: str) -> None:
    with pytest.raises(InvalidFlowError) as refused:
        check_flow(calling(url), HERE)
    (problem,) = refused.value.problems
    assert problem.path == "$.steps.send.config.url"
    assert told in problem.message


def test_an_environment_that_says_nothing_takes_https_on_the_internet_alone() -> None:
    assert Reach.of(Settings()) == Reach(ports=[(443, 443)], private=[])
    given = Settings(connector_ports="443,8000-8100", connector_private_ranges="10.9.0.0/16")
    assert Reach.of(given) == HERE


def test_the_api_refuses_a_flow_whose_port_is_closed(settings: Settings, tmp_path: Path) -> None:
    closed = settings.model_copy(update={"connector_ports": "443", "connector_private_ranges": ""})
    with running_api(closed, tmp_path / "log") as url:
        http.put(f"{url}/api/tenants/closed-ports", headers=AUTHORIZED).raise_for_status()
        answer = http.post(f"{url}/api/tenants/closed-ports/flows", json=ORDERS, headers=AUTHORIZED)
    assert answer.status_code == 422
    port, address = (detail["message"] for detail in answer.json()["error"]["details"])
    assert "port 9 is not open to connectors here, only 443" in port
    assert "127.0.0.1 is a private or reserved address" in address


@pytest.mark.parametrize("literal", [str(LARGE), f"[1, {LARGE}]", f"id = {10**17 + 1}", f"-{LARGE}"])
def test_a_literal_that_would_lose_digits_is_refused_when_the_flow_is_registered(literal: str) -> None:
    with pytest.raises(ValidationError, match="write it as text, in quotes"):
        Config(expression=literal)


@pytest.mark.parametrize(
    "expression", [f"'{LARGE}'", f"`{LARGE}`", f"/* {LARGE} */ 1", str(2**53), "1000000000000000000", f"$v{LARGE}"]
)
def test_digits_that_are_no_number_or_that_a_double_has_are_accepted(expression: str) -> None:
    assert Config(expression=expression).expression == expression
