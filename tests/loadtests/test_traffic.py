"""Locust in its own process, against a webhook on loopback."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from patchbay_loadtests.core.errors import ProductFailureError
from patchbay_loadtests.core.flows import OrderBook
from patchbay_loadtests.core.traffic.locust_process import LocustProcess
from patchbay_loadtests.core.traffic.protocol import TrafficSettings


class Webhook(ThreadingHTTPServer):
    """Accepts orders by their idempotency key; `refusals` are answered first."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), WebhookHandler)
        self.refusals: list[int] = []
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
    thread = threading.Thread(target=server.serve_forever, daemon=True)
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
    (hook,) = traffic.statistics.endpoints
    assert (hook.name, hook.n, hook.failures) == ("POST /hooks/t/f", len(orders), 0)


async def test_an_order_is_tried_again_while_the_gateway_is_busy(webhook: Webhook, tmp_path: Path) -> None:
    webhook.refusals = [429, 503]
    orders = list(OrderBook("order").orders_for(1))
    async with LocustProcess(webhook.settings(), tmp_path / "locust.log") as traffic:
        await traffic.place(orders)
    assert webhook.requests == {orders[0].id: 3}


async def test_an_order_that_the_gateway_refuses_is_a_failure_of_the_product(webhook: Webhook, tmp_path: Path) -> None:
    webhook.refusals = [403]
    async with LocustProcess(webhook.settings(), tmp_path / "locust.log") as traffic:
        with pytest.raises(ProductFailureError, match="403"):
            await traffic.place(list(OrderBook("order").orders_for(1)))


async def test_the_closed_loop_ends_by_itself_and_reports_each_answer(webhook: Webhook, tmp_path: Path) -> None:
    settings = webhook.settings(closed_loop_seconds=1.0)
    async with LocustProcess(settings, tmp_path / "locust.log") as traffic:
        await traffic.until_finished(30)
    assert traffic.answers
    assert {(answer.status, answer.run_status) for answer in traffic.answers} == {(200, "completed")}
    assert len(webhook.orders) >= len(traffic.answers)


async def test_locust_ends_with_the_verifier(webhook: Webhook, tmp_path: Path) -> None:
    traffic = LocustProcess(webhook.settings(), tmp_path / "locust.log")
    await traffic.__aenter__()
    async with asyncio.timeout(20):
        await traffic.finish()
    assert traffic.statistics is not None
