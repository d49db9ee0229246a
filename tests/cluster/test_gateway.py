"""What the gateway lets through and what it refuses, by the client's own address."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection

import httpx
import pytest
from patchbay_local.machine import addresses

Connect = Callable[..., httpx.Client]
ALLOWED = "127.0.0.1"
NOT_ALLOWED = "127.0.0.2"


def code(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])


def test_an_address_on_the_allowlist_reaches_the_api(edge_client: Connect) -> None:
    answer = edge_client(ALLOWED).get("/api/tenants/nobody/flows")
    assert answer.status_code == 404
    assert "nobody" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/api/tenants/nobody/flows", "/horizon/api/workload"])
@pytest.mark.parametrize("claim", [{}, {"Patchbay-Via": ""}, {"Connection": "close, Patchbay-Via"}], ids=str)
def test_who_shows_no_key_is_refused_with_401_and_so_is_who_says_to_be_inside(
    edge_client: Connect, path: str, claim: dict[str, str]
) -> None:
    answer = edge_client(ALLOWED, with_key=False).get(path, headers=claim)
    assert (answer.status_code, code(answer)) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_an_address_not_on_the_allowlist_is_refused_with_403(edge_client: Connect) -> None:
    for path in ("/api/tenants/nobody/flows", "/horizon/api/workload"):
        answer = edge_client(NOT_ALLOWED).get(path)
        assert answer.status_code == 403, path
        assert answer.json()["error"]["message"]


def test_a_forwarding_header_does_not_get_a_client_past_the_allowlist(edge_client: Connect) -> None:
    forged = {"X-Forwarded-For": ALLOWED, "Forwarded": f"for={ALLOWED}", "X-Real-IP": ALLOWED}
    assert edge_client(NOT_ALLOWED).get("/horizon/api/workload", headers=forged).status_code == 403


def test_a_path_without_a_route_is_404(edge_client: Connect) -> None:
    for path in ("/", "/metrics", "/healthz", "/apis", "/docs"):
        assert edge_client(ALLOWED).get(path).status_code == 404, path


def test_a_path_with_dots_reaches_nothing_behind_another_route(edge_client: Connect) -> None:
    client = edge_client(NOT_ALLOWED)
    for path in ("/hooks/../horizon/api/workload", "/hooks/%2e%2e/horizon/api/workload", "//horizon/api/workload"):
        request = client.build_request("GET", "/")
        request.url = request.url.copy_with(raw_path=path.encode())
        assert client.send(request).status_code in {400, 403, 404}, path


def test_a_body_over_the_limit_is_413() -> None:
    connection = HTTPConnection("127.0.0.1", addresses.EDGE_PORT, timeout=30, source_address=(ALLOWED, 0))
    with closing(connection):
        connection.putrequest("POST", "/hooks/nobody/orders")
        # The route's limit is 256 KiB. The body stays away: the refusal would close the connection while it is sent.
        connection.putheader("Content-Length", str(256 * 1024 + 1))
        connection.endheaders()
        answer = connection.getresponse()
        assert answer.status == 413
        assert json.load(answer)["error"]["message"]


def test_a_client_over_its_rate_is_429_with_retry_after_and_others_are_not(edge_client: Connect) -> None:
    greedy, modest = edge_client("127.0.0.3"), edge_client(ALLOWED)
    answers: list[httpx.Response] = []
    refusals: list[httpx.Response] = []
    give_up = time.monotonic() + 60
    # More at once than the API answers in a second: the rate is then not the API's own.
    with ThreadPoolExecutor(max_workers=64) as pool:
        while not refusals:
            assert time.monotonic() < give_up, f"{len(answers)} requests and none refused"
            answers += pool.map(lambda _: greedy.get("/horizon/api/workload"), range(400))
            refusals = [answer for answer in answers if answer.status_code == 429]
        beside = modest.get("/horizon/api/workload")
    assert {answer.status_code for answer in answers} == {200, 429}
    assert int(refusals[0].headers["Retry-After"]) >= 1
    assert refusals[0].json()["error"]["message"]
    assert beside.status_code == 200
