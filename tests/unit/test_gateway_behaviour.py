"""The gateway as it runs: HAProxy with the rendered configuration on loopback, in front of a stub of the API."""

import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
from patchbay_platform.gateway.config import GatewayConfig
from patchbay_platform.gateway.render import render

from tests.pinned_tools import program
from tests.ports import free_port

ALLOWED, OTHER = "127.0.0.1", "127.0.0.2"
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


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: Any


class Echo(BaseHTTPRequestHandler):
    """Answers with what reached it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._echo(b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length")
        self._echo(self.rfile.read(int(length)) if length is not None else self._chunks())

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _echo(self, body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = json.dumps({"path": self.path, "headers": headers, "bytes": len(body)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Silent."""


class Api(ThreadingHTTPServer):
    """The stub; a health check that hangs up is no error."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Silent."""


@dataclass
class Client:
    """Speaks to the gateway as the load balancer does, in the name of an address."""

    port: int
    health_port: int
    client_address: str

    def send(
        self,
        path: str,
        *,
        source: str = ALLOWED,
        body: bytes | None = None,
        chunked: bool = False,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        with self.connect() as connection:
            if self.client_address == "proxyProtocol":
                connection.sendall(f"PROXY TCP4 {source} {ALLOWED} 40000 443\r\n".encode())
            given = {"Connection": "close", **(headers or {})}
            return exchange(connection, path, self._named(given, source), body, chunked=chunked)

    def _named(self, headers: dict[str, str], source: str) -> dict[str, str]:
        """With the client's own claim before the address that the load balancer adds."""
        if self.client_address == "proxyProtocol":
            return headers
        claim = headers.get("X-Forwarded-For")
        return {**headers, "X-Forwarded-For": source if claim is None else f"{claim}, {source}"}

    def connect(self, bind: str = ALLOWED) -> socket.socket:
        return socket.create_connection((ALLOWED, self.port), timeout=10, source_address=(bind, 0))

    def health(self) -> int:
        connection = HTTPConnection(ALLOWED, self.health_port, timeout=10)
        connection.request("GET", "/")
        return connection.getresponse().status


def exchange(
    connection: socket.socket,
    path: str,
    headers: dict[str, str],
    body: bytes | None = None,
    *,
    chunked: bool = False,
) -> Answer:
    """One request and its answer."""
    lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", "Host: gateway"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    payload = b""
    if body is not None and chunked:
        lines.append("Transfer-Encoding: chunked")
        pieces = [body[start : start + 300] for start in range(0, len(body), 300)]
        payload = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    elif body is not None:
        lines.append(f"Content-Length: {len(body)}")
        payload = body
    connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + payload)
    response = HTTPResponse(connection)
    response.begin()
    content = response.read()
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, json.loads(content))


@pytest.fixture(scope="module")
def api() -> Iterator[ThreadingHTTPServer]:
    with Api((ALLOWED, 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@contextmanager
def running(
    config: GatewayConfig, api_address: str, directory: Path
) -> Iterator[tuple[Client, subprocess.Popen[bytes]]]:
    """HAProxy with this configuration, once it listens."""
    client = Client(free_port(), free_port(), config.client_address)
    file = directory / "haproxy.cfg"
    file.write_text(
        render(
            config,
            edge_networks=[IPv4Network("127.0.0.1/32")],
            api_address=api_address,
            api_slots=2,
            proxy_bind=f"{ALLOWED}:{client.port}",
            status_bind=f"{ALLOWED}:{free_port()}",
            health_bind=f"{ALLOWED}:{client.health_port}",
        )
    )
    process = subprocess.Popen(
        [program("haproxy"), "-db", "-f", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_until(lambda: client.health() == 200)
        yield client, process
    finally:
        process.kill()
        process.wait(timeout=10)


@pytest.fixture(scope="module", params=[CONFIG, FORWARDED], ids=lambda config: config.client_address)
def gateway(
    request: pytest.FixtureRequest, api: ThreadingHTTPServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    """A gateway that serves, behind either kind of load balancer."""
    address = f"{ALLOWED}:{api.server_address[1]}"
    with running(request.param, address, tmp_path_factory.mktemp("gateway")) as (client, _):
        _wait_until(lambda: client.send("/hooks/ready").status == 200)
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
        _wait_until(lambda: client.send("/hooks/ready").status == 200)
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
        _wait_until(lambda: client.send("/hooks/ready").status == 200)
        with client.connect() as connection:
            forged = {"X-Forwarded-For": f"{ALLOWED}\r\nX-Forwarded-For: {OTHER}"}
            assert exchange(connection, "/hooks/a", forged).status == 403


def test_a_leaving_gateway_says_so_before_it_stops_to_serve(api: ThreadingHTTPServer, tmp_path: Path) -> None:
    # Long enough to be asked twice meanwhile on a busy machine.
    config = CONFIG.model_copy(update={"drain_seconds": 8})
    with running(config, f"{ALLOWED}:{api.server_address[1]}", tmp_path) as (client, process):
        _wait_until(lambda: client.send("/hooks/ready").status == 200)
        process.send_signal(signal.SIGUSR1)
        _wait_until(lambda: client.health() == 503)
        assert client.send("/hooks/a").status == 200
        assert process.wait(timeout=60) == 0


def test_while_the_api_is_away_the_client_is_told_to_retry(tmp_path: Path) -> None:
    with running(CONFIG, f"{ALLOWED}:{free_port()}", tmp_path) as (client, _):
        _wait_until(lambda: client.send("/hooks/a").status == 503)
        answer = client.send("/hooks/a")
    assert (answer.headers["retry-after"], answer.body["error"]["code"]) == ("2", "unavailable")


def _wait_until(condition: Any, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            pytest.fail(f"not reached within {seconds} s")
        time.sleep(0.05)
