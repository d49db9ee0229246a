"""Steady load against a webhook on loopback."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.faults.traffic.protocol import ArrivalSettings
from patchbay_loadtests.faults.traffic.steady import SteadyTraffic


class Webhook(ThreadingHTTPServer):
    """Accepts orders by their idempotency key; `refusals` are answered first."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), WebhookHandler)
        self.refusals: list[int] = []
        self.requests: Counter[str] = Counter()
        self.bodies: dict[str, object] = {}

    def settings(self, **changes: object) -> ArrivalSettings:
        values = {
            "host": f"http://127.0.0.1:{self.server_address[1]}",
            "tenant": "t",
            "flow": "f",
            "prefix": "p",
            "orders_per_second": 40,
            "users": 8,
        }
        return ArrivalSettings.model_validate({**values, **changes})


class WebhookHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Webhook

    def do_POST(self) -> None:
        key = self.headers["Idempotency-Key"]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests[key] += 1
        status = 202
        if self.server.refusals:
            status = self.server.refusals.pop(0)
        else:
            self.server.bodies[key] = json.loads(body)
        answer = json.dumps({"run": f"run-of-{key}"}).encode()
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


async def placed_by(traffic: SteadyTraffic, number: int) -> None:
    async with asyncio.timeout(30):
        while len(traffic.placed) < number:  # noqa: ASYNC110 - the program's end has no event for it
            await asyncio.sleep(0.05)


async def test_orders_arrive_until_told_otherwise_and_each_is_told_of_once(webhook: Webhook, tmp_path: Path) -> None:
    async with SteadyTraffic(webhook.settings(), tmp_path / "locust.log") as traffic:
        await placed_by(traffic, 20)
        await traffic.finish()
    orders = [order.order for order in traffic.placed]
    assert len(orders) == len(set(orders)) >= 20
    assert {order.order: order.run for order in traffic.placed} == {order: f"run-of-{order}" for order in orders}
    assert webhook.bodies == {order: {"key": order} for order in orders}
    assert set(webhook.requests.values()) == {1}


async def test_orders_are_due_at_their_rate_whatever_becomes_of_them(webhook: Webhook, tmp_path: Path) -> None:
    async with SteadyTraffic(webhook.settings(orders_per_second=50), tmp_path / "locust.log") as traffic:
        await placed_by(traffic, 26)
        await traffic.finish()
    due = sorted(order.due for order in traffic.placed)
    assert due[25] - due[0] == pytest.approx(0.5)


async def test_an_order_is_tried_again_with_its_key_until_it_is_accepted(webhook: Webhook, tmp_path: Path) -> None:
    webhook.refusals = [503, 429]
    async with SteadyTraffic(webhook.settings(users=1), tmp_path / "locust.log") as traffic:
        await placed_by(traffic, 1)
        await traffic.finish()
    first = traffic.placed[0]
    assert webhook.requests[first.order] == 3
    assert [failure.kind for failure in first.failures] == ["503", "429"]
    assert first.run == f"run-of-{first.order}"


async def test_an_order_that_nobody_accepts_is_told_of_as_given_up(webhook: Webhook, tmp_path: Path) -> None:
    webhook.refusals = [503] * 10_000
    settings = webhook.settings(patience_seconds=0.3, finish_seconds=2, orders_per_second=5)
    async with SteadyTraffic(settings, tmp_path / "locust.log") as traffic:
        await placed_by(traffic, 2)
        await traffic.finish()
    assert all(order.run is None and order.failures for order in traffic.placed[:2])


async def test_a_runner_that_is_cut_off_leaves_no_locust(webhook: Webhook, tmp_path: Path) -> None:
    async with SteadyTraffic(webhook.settings(), tmp_path / "locust.log") as traffic:
        await placed_by(traffic, 1)
    with pytest.raises(UnusableEnvironmentError, match="Locust ended early"):
        traffic.ensure_alive()
