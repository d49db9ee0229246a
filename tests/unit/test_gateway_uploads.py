"""Clients that send slowly, or much, take room from nobody but themselves."""

import select
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from http.client import HTTPResponse
from pathlib import Path

import pytest
from patchbay_platform.gateway.config import GatewayConfig
from patchbay_platform.gateway.render import (
    CONNECTIONS,
    HEADER_BYTES,
    LARGE_OF_ALL,
    LARGE_OF_CLIENT,
    MEMORY_MIB,
    SMALL_BODY_BYTES,
)

from tests.unit.gateway import ALLOWED, Api, Client, Echo, running, wait_until

LIMIT = 2**20
SENT = 1_000_000
CONFIG = GatewayConfig.model_validate(
    {
        "nodePort": 30080,
        "routes": [{"prefix": "/hooks/", "public": True, "requestsPerSecond": 10_000, "bodyLimitBytes": LIMIT}],
    }
)


class Counting(Api):
    """Knows how many requests with a body have reached it."""

    requests = 0


class CountingEcho(Echo):
    def do_POST(self) -> None:  # noqa: N802 - the base class names it
        Counting.requests += 1
        super().do_POST()


@pytest.fixture
def api() -> Iterator[Api]:
    Counting.requests = 0
    with Counting((ALLOWED, 0), CountingEcho) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def gateway(api: Api, tmp_path: Path) -> Iterator[tuple[Client, int]]:
    """A gateway that waits a minute for a body, and its process."""
    with running(CONFIG, f"{ALLOWED}:{api.server_address[1]}", tmp_path, body_seconds=60) as (client, process):
        wait_until(lambda: client.send("/hooks/ready").status == 200)
        yield client, process.pid


def begin(client: Client, source: str, framing: str, first: bytes = b"") -> socket.socket:
    """A request whose body does not end."""
    connection = client.connect()
    connection.sendall(f"PROXY TCP4 {source} {ALLOWED} 40000 443\r\n".encode())
    connection.sendall(f"POST /hooks/a HTTP/1.1\r\nHost: gateway\r\n{framing}\r\n\r\n".encode() + first)
    return connection


def status(connection: socket.socket) -> int | None:
    """Of the answer, None if there is none yet."""
    connection.settimeout(0.2)
    try:
        connection.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        return None
    response = HTTPResponse(connection)
    response.begin()
    return response.status


def resident_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (resident,) = [int(line.split()[1]) for line in lines if line.startswith("VmRSS:")]
    return resident * 1024


def test_a_body_reaches_the_api_once_it_is_complete(gateway: tuple[Client, int]) -> None:
    client, _ = gateway
    framings = (("Content-Length: 8", b"1234", b"5678"), ("Transfer-Encoding: chunked", b"4\r\n1234\r\n", b"0\r\n\r\n"))
    for number, (framing, first, rest) in enumerate(framings, 1):
        with begin(client, "127.0.0.9", framing, first) as connection:
            assert client.send("/hooks/other").status == 200
            assert (status(connection), Counting.requests) == (None, number - 1)
            connection.sendall(rest)
            wait_until(lambda: status(connection) == 200)
            assert Counting.requests == number


def begin_many(
    stack: ExitStack, client: Client, sources: Sequence[str], framing: str, *, each: int, held: int
) -> tuple[list[socket.socket], set[int | None]]:
    """Begins `each` bodies in the name of each source until `held` are waited for; those, and the others' answers."""
    begun = [stack.enter_context(begin(client, source, framing)) for source in sources for _ in range(each)]

    def waiting() -> list[socket.socket]:
        # Not `select`: other tests of this process may have taken the numbers that it knows.
        poll = select.poll()
        for connection in begun:
            poll.register(connection, select.POLLIN)
        answered = {number for number, _ in poll.poll(0)}
        return [connection for connection in begun if connection.fileno() not in answered]

    wait_until(lambda: len(waiting()) == held)
    return waiting(), {status(connection) for connection in begun if connection not in waiting()}


FRAMINGS = pytest.mark.parametrize("framing", ["Transfer-Encoding: chunked", f"Content-Length: {LIMIT}"])


@FRAMINGS
def test_a_client_that_sends_much_at_once_is_told_to_wait_and_others_are_not(
    gateway: tuple[Client, int], framing: str
) -> None:
    client, _ = gateway
    with ExitStack() as stack:
        _, refused = begin_many(stack, client, ["127.0.1.1"], framing, each=LARGE_OF_CLIENT + 8, held=LARGE_OF_CLIENT)
        assert refused == {429}
        assert client.send("/hooks/a", source="127.0.1.2", body=b"x" * LIMIT).status == 200
    # There is room again once they have gone.
    wait_until(lambda: client.send("/hooks/a", source="127.0.1.1", body=b"x" * LIMIT).status == 200)


@FRAMINGS
def test_slow_uploads_hold_a_bounded_memory_and_small_requests_pass(gateway: tuple[Client, int], framing: str) -> None:
    client, pid = gateway
    before = resident_bytes(pid)
    part = b"x" * SENT
    first = b"%x\r\n%s\r\n" % (len(part), part) if "chunked" in framing else part
    sources = [f"127.0.1.{number}" for number in range(1, 11)]
    with ExitStack() as stack:
        held, refused = begin_many(stack, client, sources, framing, each=LARGE_OF_CLIENT, held=LARGE_OF_ALL)
        assert refused == {503}
        for connection in held:
            connection.sendall(first)
        assert client.send("/hooks/a", source="127.0.1.1", body=b"x" * SMALL_BODY_BYTES).status == 200
        assert resident_bytes(pid) - before < LARGE_OF_ALL * (LIMIT + 2 * HEADER_BYTES)


def test_a_body_that_takes_too_long_is_refused(api: Api, tmp_path: Path) -> None:
    with running(CONFIG, f"{ALLOWED}:{api.server_address[1]}", tmp_path, body_seconds=1) as (client, _):
        wait_until(lambda: client.send("/hooks/ready").status == 200)
        for framing in ("Transfer-Encoding: chunked", "Content-Length: 100"):
            with begin(client, "127.0.0.9", framing) as connection:
                wait_until(lambda: status(connection) == 408)
    assert Counting.requests == 0


def test_what_the_gateway_holds_at_most_fits_into_its_pod() -> None:
    small = CONNECTIONS * (SMALL_BODY_BYTES + HEADER_BYTES)
    large = LARGE_OF_ALL * (LIMIT + HEADER_BYTES)
    assert small + large < 0.8 * MEMORY_MIB * 2**20
