"""HAProxy with the rendered configuration on loopback, in front of a stub of the API, and its clients."""

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
from patchbay_platform.gateway.config import GatewayConfig
from patchbay_platform.gateway.render import BODY_SECONDS, render

from tests.pinned_tools import program
from tests.ports import free_port

ALLOWED = "127.0.0.1"


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
        seen = {"path": self.path, "headers": headers, "lines": self.headers.items(), "bytes": len(body)}
        answer = json.dumps(seen).encode()
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
    lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in {"Host": "gateway", **headers}.items()]
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


@contextmanager
def running(
    config: GatewayConfig, api_address: str, directory: Path, body_seconds: int = BODY_SECONDS
) -> Iterator[tuple[Client, subprocess.Popen[bytes]]]:
    """HAProxy with this configuration, once it listens; its log is `log` in the directory."""
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
            body_seconds=body_seconds,
        )
    )
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen([program("haproxy"), "-db", "-f", str(file)], stdout=log, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: client.health() == 200)
        yield client, process
    finally:
        process.kill()
        process.wait(timeout=10)


def wait_until(condition: Callable[[], bool], seconds: float = 15) -> None:
    """Wait for a condition; fail after `seconds`."""
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
