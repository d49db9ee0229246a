"""The sink, over real HTTP on loopback."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from patchbay_loadtests.core.sink.server import SinkServer

DEADLINE_SECONDS = 10.0


def wait_until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        assert time.monotonic() < give_up, "the condition did not come about"
        time.sleep(0.02)


class Sink:
    """A client of the sink under test; deliveries run in threads, because they may be held."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.http = httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE_SECONDS, trust_env=False)
        self._threads = ThreadPoolExecutor(16)

    def deliver(self, key: str, idempotency_key: str = "p") -> Future[httpx2.Response]:
        return self._threads.submit(
            self.http.post, "/deliveries", json={"key": key}, headers={"Idempotency-Key": idempotency_key}
        )

    def gate(self, *, is_open: bool, lease_seconds: float = 30) -> None:
        self.http.put("/control/gate", json={"open": is_open, "lease_seconds": lease_seconds}).raise_for_status()

    def release(self, count: int) -> int:
        return int(self.http.post("/control/release", json={"count": count}).json()["released"])

    def state(self) -> dict[str, Any]:
        return dict(self.http.get("/control/state").json())

    def held(self) -> int:
        return len(self.state()["held_seconds"])

    def deliveries(self) -> dict[str, Any]:
        return dict(self.http.get("/control/deliveries").json()["deliveries"])


@pytest.fixture
def sink() -> Iterator[Sink]:
    server = SinkServer(("127.0.0.1", 0))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    client = Sink(server.server_address[1])
    yield client
    client.gate(is_open=True)
    client.http.close()
    server.shutdown()
    server.server_close()


def test_an_open_gate_answers_at_once_and_counts(sink: Sink) -> None:
    assert sink.deliver("order-1/1", "process-1").result().status_code == 200
    wait_until(lambda: sink.deliveries()["order-1/1"][0]["answered"])
    (call,) = sink.deliveries()["order-1/1"]
    assert 0 <= call.pop("at") <= sink.state()["uptime"]
    assert call == {"idempotency_key": "process-1", "answered": True}


def test_a_delivery_that_asks_for_it_takes_a_while_though_the_gate_is_open(sink: Sink) -> None:
    body = {"key": "order-1/1", "hold_seconds": 0.4}
    began = time.monotonic()
    assert sink.http.post("/deliveries", json=body, headers={"Idempotency-Key": "p"}).status_code == 200
    assert time.monotonic() - began >= 0.4


def test_a_closed_gate_holds_deliveries_until_it_opens(sink: Sink) -> None:
    sink.gate(is_open=False)
    pending = [sink.deliver(f"order-1/{number}") for number in range(5)]
    wait_until(lambda: sink.held() == 5)
    assert not any(answer.done() for answer in pending)
    sink.gate(is_open=True)
    assert [answer.result().status_code for answer in pending] == [200] * 5
    wait_until(lambda: sink.held() == 0)


def test_a_release_answers_the_longest_held_and_no_other(sink: Sink) -> None:
    sink.gate(is_open=False)
    first = sink.deliver("first")
    wait_until(lambda: sink.held() == 1)
    second = sink.deliver("second")
    wait_until(lambda: sink.held() == 2)
    assert sink.release(1) == 1
    assert first.result().status_code == 200
    assert not second.done()
    assert sink.held() == 1
    assert sink.release(5) == 1
    assert second.result().status_code == 200


def test_a_delivery_that_comes_twice_is_seen_as_such(sink: Sink) -> None:
    for process in ("process-1", "process-1", "process-2"):
        sink.deliver("order-1/1", process).result().raise_for_status()
    wait_until(lambda: all(call["answered"] for call in sink.deliveries()["order-1/1"]))
    keys = [call["idempotency_key"] for call in sink.deliveries()["order-1/1"]]
    assert keys == ["process-1", "process-1", "process-2"]


def test_a_gate_whose_lease_runs_out_opens_by_itself(sink: Sink) -> None:
    sink.gate(is_open=False, lease_seconds=0.3)
    assert sink.deliver("order-1/1").result().status_code == 200
    assert sink.state()["gate"] == "open"


def test_a_client_that_goes_away_is_no_longer_held_nor_answered(sink: Sink) -> None:
    sink.gate(is_open=False)
    body = b'{"key": "order-1/1"}'
    with socket.create_connection(("127.0.0.1", sink.port)) as client:
        client.sendall(b"POST /deliveries HTTP/1.1\r\nHost: sink\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        wait_until(lambda: sink.held() == 1)
    wait_until(lambda: sink.state()["abandoned"] == 1)
    assert sink.held() == 0
    (call,) = sink.deliveries()["order-1/1"]
    assert (call["answered"], call["idempotency_key"]) == (False, "")


@pytest.mark.parametrize(
    ("body", "status"), [(b"{}", 422), (b'{"key": 1}', 422), (b"[", 400), (b"[1]", 400), (b" " * (2 << 20), 413)]
)
def test_a_delivery_without_a_usable_key_is_refused(sink: Sink, body: bytes, status: int) -> None:
    assert sink.http.post("/deliveries", content=body).status_code == status
    assert sink.deliveries() == {}


def test_a_client_whose_body_is_too_large_reads_why_and_that_its_connection_ends(sink: Sink) -> None:
    size = 32 << 20
    with socket.create_connection(("127.0.0.1", sink.port), timeout=DEADLINE_SECONDS) as client:
        client.sendall(b"POST /deliveries HTTP/1.1\r\nHost: sink\r\nContent-Length: %d\r\n\r\n" % size)
        client.sendall(b" " * size)
        answer = b""
        while part := client.recv(1 << 16):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in head.lower()
    assert b"exceeds 1048576 bytes" in body


def test_every_sink_has_an_instance_of_its_own(sink: Sink) -> None:
    other = SinkServer(("127.0.0.1", 0))
    assert other.ledger.state()["instance"] != sink.state()["instance"]
    other.server_close()
