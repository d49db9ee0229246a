"""The gateway as it runs: who gets through, and what the API then sees."""

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from patchbay_platform.gateway.config import GatewayConfig

from tests.ports import free_port
from tests.unit.gateway import ALLOWED, Api, Client, Echo, exchange, running, wait_until

OTHER = "127.0.0.2"
LIMIT = 1000

DRAIN_SECONDS = 2

CONFIG = GatewayConfig.model_validate(
    {
        "nodePort": 30080,
        "drainSeconds": DRAIN_SECONDS,
        "routes": [
            {"prefix": "/hooks/", "allowlist": ["127.0.0.1"], "requestsPerSecond": 1000, "bodyLimitBytes": LIMIT},
            {"prefix": "/horizon/", "allowlist": ["127.0.0.2"], "requestsPerSecond": 1000, "bodyLimitBytes": LIMIT},
            {"prefix": "/api/", "public": True, "requestsPerSecond": 3, "bodyLimitBytes": LIMIT},
        ],
    }
)
FORWARDED = CONFIG.model_copy(update={"client_address": "forwardedFor"})


@pytest.fixture(scope="module")
def api() -> Iterator[ThreadingHTTPServer]:
    with Api((ALLOWED, 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module", params=[CONFIG, FORWARDED], ids=lambda config: config.client_address)
def gateway(
    request: pytest.FixtureRequest, api: ThreadingHTTPServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    """A gateway that serves, behind either kind of load balancer."""
    address = f"{ALLOWED}:{api.server_address[1]}"
    with running(request.param, address, tmp_path_factory.mktemp("gateway")) as (client, _):
        wait_until(lambda: client.send("/hooks/ready").status == 200)
        yield client


def test_an_allowed_address_reaches_the_api(gateway: Client) -> None:
    answer = gateway.send("/hooks/example/orders?wait=5", body=b"{}")
    assert (answer.status, answer.body["path"], answer.body["bytes"]) == (200, "/hooks/example/orders?wait=5", 2)


def test_an_address_that_is_not_on_the_route_s_allowlist_gets_403(gateway: Client) -> None:
    answer = gateway.send("/hooks/example/orders", source=OTHER)
    assert (answer.status, answer.body["error"]["code"]) == (403, "address_not_allowed")


def test_each_route_has_its_own_allowlist(gateway: Client) -> None:
    assert gateway.send("/horizon/api/workload", source=OTHER).status == 200
    assert gateway.send("/horizon/api/workload", source=ALLOWED).status == 403


@pytest.mark.parametrize("path", ["/", "/metrics", "/healthz", "/hooks", "/hooksx/a", "//hooks/a"])
def test_a_path_without_a_route_is_not_passed_on(gateway: Client, path: str) -> None:
    assert gateway.send(path).status in {400, 404}


@pytest.mark.parametrize("path", ["/api/../horizon/api/workload", "/api/%2e%2e/horizon/", "/api/x/..%2f..%2fhorizon/"])
def test_a_path_that_climbs_out_of_its_route_is_refused(gateway: Client, path: str) -> None:
    assert gateway.send(path, source="127.0.0.9").status == 400


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "chunked"])
def test_a_body_of_the_limit_passes_and_a_byte_more_gets_413(gateway: Client, chunked: bool) -> None:
    assert gateway.send("/hooks/a", body=b"x" * LIMIT, chunked=chunked).body["bytes"] == LIMIT
    answer = gateway.send("/hooks/a", body=b"x" * (LIMIT + 1), chunked=chunked)
    assert (answer.status, answer.body["error"]["code"]) == (413, "body_too_large")


def test_a_longer_address_than_servers_take_gets_400(gateway: Client) -> None:
    assert gateway.send(f"/hooks/{'a' * 8000}").status == 200
    assert gateway.send(f"/hooks/{'a' * 8200}").status == 400


def test_nobody_changes_to_http_2_whose_bodies_are_framed_in_another_way(gateway: Client) -> None:
    with gateway.connect() as connection:
        if gateway.client_address == "proxyProtocol":
            connection.sendall(f"PROXY TCP4 {ALLOWED} {ALLOWED} 40000 443\r\n".encode())
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        # A request like any other, for no route or of no client.
        assert connection.recv(64).startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 "))


def test_over_the_rate_a_client_is_told_to_retry_and_another_is_not_disturbed(gateway: Client) -> None:
    greedy, modest = "127.0.0.21", "127.0.0.22"
    with ThreadPoolExecutor(12) as customers:  # one after the other they may take longer than a second
        answers = list(customers.map(lambda _: gateway.send("/api/tenants", source=greedy), range(12)))
    refused = [answer for answer in answers if answer.status == 429]
    assert refused
    assert all(answer.headers["retry-after"] == "1" for answer in refused)
    assert refused[0].body["error"]["code"] == "rate_exceeded"
    assert gateway.send("/api/tenants", source=modest).status == 200


def test_the_rate_of_one_route_does_not_count_on_another(gateway: Client) -> None:
    for _ in range(12):
        gateway.send("/api/tenants", source=ALLOWED)
    assert gateway.send("/hooks/a").status == 200


def test_the_api_sees_the_real_client_whatever_the_client_claims(gateway: Client) -> None:
    claims = {
        "X-Forwarded-For": "10.0.0.1",
        "X-Forwarded-Host": "elsewhere",
        "X-Real-IP": "10.0.0.1",
        "Forwarded": "for=10.0.0.1",
    }
    seen = gateway.send("/hooks/a", headers=claims).body["headers"]
    assert seen["x-forwarded-for"] == ALLOWED
    assert not {"x-forwarded-host", "x-real-ip", "forwarded"} & seen.keys()


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"Patchbay-Via": "inside"},
        {"patchbay-via": ""},
        {"Patchbay-Via": "gateway\r\nPatchbay-Via: inside"},
        {"Connection": "close, Patchbay-Via"},
    ],
    ids=["none", "another", "empty", "twice", "named as one that a proxy takes away"],
)
@pytest.mark.parametrize("path", ["/hooks/a", "/api/tenants"])
def test_the_api_knows_what_came_through_the_gateway_whatever_the_client_claims(
    gateway: Client, path: str, claims: dict[str, str]
) -> None:
    # A client for each case: /api/ takes three requests a second of each.
    source = ALLOWED if path.startswith("/hooks/") else f"127.0.2.{len(str(claims)) % 250 + 1}"
    with gateway.connect() as connection:
        if gateway.client_address == "proxyProtocol":
            connection.sendall(f"PROXY TCP4 {source} {ALLOWED} 40000 443\r\n".encode())
        forwarded = {} if gateway.client_address == "proxyProtocol" else {"X-Forwarded-For": source}
        seen = exchange(connection, path, {**claims, **forwarded}).body["lines"]
    assert [value for name, value in seen if name.lower() == "patchbay-via"] == ["gateway"]


def test_a_key_reaches_the_api_as_it_was_sent(gateway: Client) -> None:
    sent = {"Authorization": f"Bearer pbk_{'0' * 24}_{'a' * 43}", "X-Webhook-Key": "k", "Patchbay-Reason": "a reason"}
    seen = gateway.send("/hooks/a", headers=sent).body["headers"]
    assert {name: seen[name.lower()] for name in sent} == sent


def test_the_api_sees_the_host_that_was_called_and_two_are_not_passed_on(gateway: Client) -> None:
    host = "example.environment.example.com"
    assert gateway.send("/api/x", headers={"Host": host}, source="127.0.0.41").body["headers"]["host"] == host
    with gateway.connect() as connection:
        if gateway.client_address == "proxyProtocol":
            connection.sendall(f"PROXY TCP4 127.0.0.42 {ALLOWED} 40000 443\r\n".encode())
        lines = ["GET /api/x HTTP/1.1", f"Host: {host}", "Host: another", "X-Forwarded-For: 127.0.0.42"]
        connection.sendall("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
        assert connection.recv(100).split()[1] == b"400"


def test_the_log_has_what_was_asked_for_without_what_is_secret(api: ThreadingHTTPServer, tmp_path: Path) -> None:
    secret = "not-to-be-logged"
    with running(CONFIG, f"{ALLOWED}:{api.server_address[1]}", tmp_path) as (client, _):
        wait_until(lambda: client.send("/hooks/ready").status == 200)
        for path in ("/hooks/passed", "/nowhere/refused"):
            client.send(f"{path}?key={secret}", headers={"Authorization": secret, "X-Webhook-Key": secret})
        client.send(f"/hooks/forbidden?key={secret}", source=OTHER)
        log = tmp_path / "log"
        wait_until(lambda: "/hooks/forbidden" in log.read_text())
    lines = log.read_text()
    assert "POST /hooks/passed" in lines or "GET /hooks/passed" in lines
    assert "/nowhere/refused" in lines
    assert secret not in lines


def test_a_request_that_names_no_client_is_not_served(gateway: Client) -> None:
    if gateway.client_address == "proxyProtocol":
        with gateway.connect() as connection, pytest.raises(ConnectionError):
            exchange(connection, "/hooks/a", {})
    else:
        with gateway.connect() as connection:
            assert exchange(connection, "/hooks/a", {}).status == 400
        assert gateway.send("/hooks/a", source="nobody").status == 400


def refused(gateway: Client, bind: str) -> bool:
    """Whether a connection from `bind`, in the name of an allowed client, ends without an answer."""
    try:
        with gateway.connect(bind) as connection:
            if gateway.client_address == "proxyProtocol":
                connection.sendall(f"PROXY TCP4 {ALLOWED} {ALLOWED} 40000 443\r\n".encode())
            exchange(connection, "/hooks/a", {"X-Forwarded-For": ALLOWED, "Connection": "close"})
    except ConnectionError:
        return True
    return False


def test_nobody_but_the_load_balancer_may_name_a_client(gateway: Client) -> None:
    assert refused(gateway, OTHER)
    assert not refused(gateway, ALLOWED)


def test_each_request_on_a_shared_connection_counts_for_its_own_client(
    api: ThreadingHTTPServer, tmp_path: Path
) -> None:
    with running(FORWARDED, f"{ALLOWED}:{api.server_address[1]}", tmp_path) as (client, _):
        wait_until(lambda: client.send("/hooks/ready").status == 200)
        with client.connect() as connection:
            answers = [
                exchange(connection, "/hooks/a", {"X-Forwarded-For": source}).status
                for source in (ALLOWED, OTHER, f"{ALLOWED}, {OTHER}", f"{OTHER}, {ALLOWED}")
            ]
    assert answers == [200, 403, 403, 200]


def test_a_forged_header_line_before_the_load_balancer_s_own_changes_nothing(
    api: ThreadingHTTPServer, tmp_path: Path
) -> None:
    with running(FORWARDED, f"{ALLOWED}:{api.server_address[1]}", tmp_path) as (client, _):
        wait_until(lambda: client.send("/hooks/ready").status == 200)
        with client.connect() as connection:
            forged = {"X-Forwarded-For": f"{ALLOWED}\r\nX-Forwarded-For: {OTHER}"}
            assert exchange(connection, "/hooks/a", forged).status == 403


def test_a_leaving_gateway_says_so_before_it_stops_to_serve(api: ThreadingHTTPServer, tmp_path: Path) -> None:
    # Long enough to be asked twice meanwhile on a busy machine.
    config = CONFIG.model_copy(update={"drain_seconds": 8})
    with running(config, f"{ALLOWED}:{api.server_address[1]}", tmp_path) as (client, process):
        wait_until(lambda: client.send("/hooks/ready").status == 200)
        process.send_signal(signal.SIGUSR1)
        wait_until(lambda: client.health() == 503)
        assert client.send("/hooks/a").status == 200
        assert process.wait(timeout=60) == 0


def test_while_the_api_is_away_the_client_is_told_to_retry(tmp_path: Path) -> None:
    with running(CONFIG, f"{ALLOWED}:{free_port()}", tmp_path) as (client, _):
        wait_until(lambda: client.send("/hooks/a").status == 503)
        answer = client.send("/hooks/a")
    assert (answer.headers["retry-after"], answer.body["error"]["code"]) == ("2", "unavailable")
