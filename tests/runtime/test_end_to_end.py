"""The programs as they are deployed: the API and a worker process per shape, an order flow through all of them."""

import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from patchbay_runtime.settings import Settings

from tests.ports import free_port
from tests.runtime.conftest import AUTHORIZED, Program, Tenant, answers, end_all, wait_until
from tests.runtime.servers import HOST
from tests.runtime.sink import Sink

SHAPES = ("http-trigger", "map", "split", "branch", "http-connector", "set-variables")
ORDERS = 12
LINES = 6
# Six programs that start at once on a busy machine of two cores.
START_SECONDS = 180


@pytest.fixture
def worker_programs(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A worker process for each shape of the flow, all ready."""
    logs = tmp_path_factory.mktemp("workers")
    programs, ready = [], []
    for shape in SHAPES:
        port = free_port()
        arguments = ["worker", "--shape", shape, "--host", HOST, "--port", str(port)]
        programs.append(Program(settings, *arguments, log=logs / shape))
        ready.append(f"http://{HOST}:{port}/readyz")
    try:
        for url in ready:
            wait_until(lambda url=url: answers(url), START_SECONDS)  # type: ignore[misc]  # mypy cannot type a lambda's default
        yield
    finally:
        end_all(programs)


@pytest.mark.usefixtures("worker_programs")
def test_every_order_line_reaches_the_sink_exactly_once(api_url: str, sink: Sink) -> None:
    flow = {
        "name": "orders",
        "start": "receive",
        "steps": {
            "receive": {"shape": "http-trigger", "next": "map"},
            "map": {
                "shape": "map",
                "config": {"expression": "{'lines': lines.{'order': $$.id, 'sku': sku, 'qty': qty}}"},
                "next": "lines",
            },
            "lines": {"shape": "split", "config": {"expression": "lines"}, "next": "route"},
            "route": {
                "shape": "branch",
                "config": {"cases": [{"when": "qty > 0", "next": "send"}], "default": "note"},
            },
            "send": {"shape": "http-connector", "config": {"url": sink.url, "timeout_seconds": 20}},
            "note": {"shape": "set-variables", "config": {"variables": {"skipped": "sku"}}},
        },
    }
    with httpx.Client(base_url=api_url, headers=AUTHORIZED, timeout=70) as client:
        tenant = Tenant(client, f"test-{uuid.uuid4().hex[:12]}")
        assert client.put(tenant.path).status_code == 201
        registered = client.post(f"{tenant.path}/flows", json=flow)
        assert registered.status_code == 201
        key = {"X-Webhook-Key": registered.json()["webhook"]["secret"]}

        def order(number: int) -> str:
            lines = [{"sku": f"s{line}", "qty": line} for line in range(LINES)]
            return tenant.trigger("orders", {"id": f"o{number}", "lines": lines}, **key)

        with ThreadPoolExecutor(6) as pool:
            runs = list(pool.map(order, range(ORDERS)))
        ended = [tenant.ended(run, 120) for run in runs]
        horizon = client.get("/horizon/api/workload").json()
    assert [(run["status"], len(run["output"])) for run in ended] == [("completed", LINES)] * ORDERS
    expected = Counter((f"o{number}", f"s{line}") for number in range(ORDERS) for line in range(1, LINES))
    assert Counter((request.body["order"], request.body["sku"]) for request in sink.received) == expected
    assert {entry["name"]: entry["processes"] for entry in horizon if entry["name"] in SHAPES} == dict.fromkeys(
        SHAPES, 8
    )
