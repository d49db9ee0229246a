"""Locust in its own process, against a webhook on loopback."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from patchbay_loadtests.core.errors import ProductFailureError, UnusableEnvironmentError
from patchbay_loadtests.core.flows import Order, OrderBook
from patchbay_loadtests.core.traffic.locust_process import LocustProcess
from patchbay_loadtests.core.traffic.protocol import TrafficSettings


class Webhook(ThreadingHTTPServer):
    """Accepts orders by their idempotency key; `refusals` are answered first.

    `says`: the body of every answer, in place of the run.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), WebhookHandler)
        self.refusals: list[int] = []
        self.says: bytes | None = None
        self.requests: Counter[str] = Counter()
        self.orders: dict[str, dict[str, object]] = {}

    def settings(self, **changes: object) -> TrafficSettings:
        host = f"http://127.0.0.1:{self.server_address[1]}"
        return TrafficSettings.model_validate(
            {"host": host, "tenant": "t", "flow": "f", "users": 2, "orders_per_second": 100, **changes}
        )


class WebhookHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Webhook

    def do_POST(self) -> None:
        key = self.headers["Idempotency-Key"]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests[key] += 1
        status = 200 if "wait=" in self.path else 202
        if self.server.refusals:
            status = self.server.refusals.pop(0)
        else:
            self.server.orders[key] = json.loads(body)
        answer = self.server.says
        if answer is None:
            answer = json.dumps({"run": f"run-of-{key}", "status": "completed"}).encode()
        self.send_response(status)
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's naming
        pass


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    server = Webhook()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


async def test_every_order_is_accepted_once_and_its_run_is_known(webhook: Webhook, tmp_path: Path) -> None:
    orders = list(OrderBook("order").orders_for(10))
    assert sum(order.parcels for order in orders) == 10
    async with LocustProcess(webhook.settings(), tmp_path / "locust.log") as traffic:
        await traffic.place(orders)
        assert traffic.runs == {order.id: f"run-of-{order.id}" for order in orders}
    assert webhook.orders == {order.id: order.payload() for order in orders}
    assert set(webhook.requests.values()) == {1}
    assert traffic.statistics is not None
    (endpoint,) = traffic.statistics.endpoints
    assert (endpoint.name, endpoint.requests, endpoint.failures) == ("POST /hooks/t/f", len(orders), 0)
    assert 0 <= endpoint.p50_seconds <= endpoint.p95_seconds <= endpoint.p99_seconds


async def test_an_order_is_tried_again_while_the_gateway_is_busy(webhook: Webhook, tmp_path: Path) -> None:
    webhook.refusals = [429, 503]
    orders = list(OrderBook("order").orders_for(1))
    async with LocustProcess(webhook.settings(), tmp_path / "locust.log") as traffic:
        await traffic.place(orders)
    assert webhook.requests == {orders[0].id: 3}
    (placed,) = traffic.placed
    assert [failure.kind for failure in placed.failures] == ["429", "503"]
    assert placed.run == f"run-of-{orders[0].id}"


async def test_an_order_that_the_gateway_refuses_is_a_failure_of_the_product(webhook: Webhook, tmp_path: Path) -> None:
    webhook.refusals = [403]
    async with LocustProcess(webhook.settings(), tmp_path / "locust.log") as traffic:
        with pytest.raises(ProductFailureError, match="403"):
            await traffic.place(list(OrderBook("order").orders_for(1)))


SAYS_NO_RUN = [b"", b"ok", b"\xff", b"[]", b'{"id": "x"}', b'{"run": null}', b'{"run": ""}']


@pytest.mark.parametrize("says", SAYS_NO_RUN)
async def test_an_order_that_is_accepted_without_a_run_is_told_of_as_refused(
    webhook: Webhook, tmp_path: Path, says: bytes
) -> None:
    webhook.says = says
    async with LocustProcess(webhook.settings(finish_seconds=20), tmp_path / "locust.log") as traffic:
        await traffic.send(every(0, number=1, began=time.time()))
    (placed,) = traffic.placed
    assert placed.run is None
    assert placed.reason.startswith("/hooks/t/f: 202 without a run")
    assert webhook.requests == {"o-0": 1}


async def until_answered(traffic: LocustProcess) -> None:
    """Wait for the closed loop's first answer: how soon it comes is up to the machine."""
    give_up = time.monotonic() + 30
    while not traffic.answers:
        traffic.ensure_alive()
        assert time.monotonic() < give_up, "no answer"
        await asyncio.sleep(0.05)


async def test_an_answer_of_the_closed_loop_that_tells_no_state_is_one_that_did_not_finish(
    webhook: Webhook, tmp_path: Path
) -> None:
    webhook.says = b"ok"
    async with LocustProcess(webhook.settings(closed_loop_seconds=60), tmp_path / "locust.log") as traffic:
        await until_answered(traffic)
    assert {(answer.status, answer.run_status) for answer in traffic.answers} == {(200, None)}


def every(seconds: float, *, number: int, began: float) -> list[tuple[float, Order]]:
    return [(began + index * seconds, Order(f"o-{index}", 1, 0)) for index in range(number)]


async def test_orders_are_due_at_their_rate_whatever_becomes_of_them(webhook: Webhook, tmp_path: Path) -> None:
    webhook.refusals = [503] * 3
    coming = every(0.02, number=26, began=time.time())
    async with LocustProcess(webhook.settings(finish_seconds=20), tmp_path / "locust.log") as traffic:
        await traffic.send(coming)
    assert {placed.order: placed.due for placed in traffic.placed} == {order.id: due for due, order in coming}
    assert all(placed.sent is not None and placed.sent >= placed.due for placed in traffic.placed)


async def test_an_order_that_is_sent_late_keeps_the_moment_at_which_it_was_due(
    webhook: Webhook, tmp_path: Path
) -> None:
    due = time.time() - 60
    async with LocustProcess(webhook.settings(finish_seconds=20), tmp_path / "locust.log") as traffic:
        await traffic.send([(due, Order("o-1", 1, 0))])
    (placed,) = traffic.placed
    assert placed.due == due
    assert placed.sent is not None
    assert placed.sent - placed.due >= 60


async def test_an_order_that_nobody_accepts_is_told_of_as_given_up(webhook: Webhook, tmp_path: Path) -> None:
    webhook.refusals = [503] * 10_000
    settings = webhook.settings(patience_seconds=0.3, finish_seconds=20)
    async with LocustProcess(settings, tmp_path / "locust.log") as traffic:
        await traffic.send(every(0, number=3, began=time.time()))
    assert len(traffic.refused) == 3
    assert all(order.run is None and order.failures and "503" in order.reason for order in traffic.refused)


async def test_a_locust_that_is_killed_is_told_apart_from_orders_that_were_refused(
    webhook: Webhook, tmp_path: Path
) -> None:
    webhook.refusals = [503] * 10_000
    async with LocustProcess(webhook.settings(), tmp_path / "locust.log") as traffic:
        await traffic.post(Order("o-1", 1, 0))
        traffic._process.kill()
        await traffic._process.wait()
        with pytest.raises(UnusableEnvironmentError, match="Locust ended early"):
            traffic.ensure_alive()
        with pytest.raises(UnusableEnvironmentError, match="Locust ended early"):
            await traffic.finish()
        traffic._posted = 0


async def test_a_gateway_that_takes_no_orders_breaks_its_promise(webhook: Webhook, tmp_path: Path) -> None:
    webhook.refusals = [503] * 10_000
    async with LocustProcess(webhook.settings(patience_seconds=0.2), tmp_path / "locust.log") as traffic:
        with pytest.raises(ProductFailureError, match="503"):
            await traffic.place(list(OrderBook("order").orders_for(1)))


async def test_the_closed_loop_ends_by_itself(webhook: Webhook, tmp_path: Path) -> None:
    settings = webhook.settings(closed_loop_seconds=1.0)
    async with LocustProcess(settings, tmp_path / "locust.log") as traffic:
        await traffic.until_finished(30)
    assert traffic.statistics is not None
    assert len(webhook.orders) >= len(traffic.answers)


async def test_the_closed_loop_reports_each_answer(webhook: Webhook, tmp_path: Path) -> None:
    async with LocustProcess(webhook.settings(closed_loop_seconds=60), tmp_path / "locust.log") as traffic:
        await until_answered(traffic)
    assert {(answer.status, answer.run_status) for answer in traffic.answers} == {(200, "completed")}
    assert len(webhook.orders) >= len(traffic.answers)


async def test_locust_ends_with_the_verifier(webhook: Webhook, tmp_path: Path) -> None:
    traffic = LocustProcess(webhook.settings(), tmp_path / "locust.log")
    await traffic.__aenter__()
    async with asyncio.timeout(20):
        await traffic.finish()
    assert traffic.statistics is not None
