"""The flows and orders of the load tests, as the runtime sees them."""

import json
from pathlib import Path

import jsonata  # type: ignore[import-untyped]  # the library ships without types
import pytest
from patchbay_loadtests.core.flows import STEERED_SHAPE, Order, OrderBook, bench_flow, order_flow
from patchbay_loadtests.proof.flow_file import read_flow
from patchbay_runtime.flows.validation import check_flow

DOCUMENT = Path(__file__).parents[2] / "docs" / "scaling-proof.md"
SINK = "http://sink.patchbay-loadtest.svc/deliveries"


def test_the_runtime_takes_both_flows() -> None:
    assert check_flow(order_flow(SINK)).name == "loadtest-orders"
    assert len(check_flow(bench_flow(SINK)).steps) == 5


@pytest.mark.parametrize("order", [Order("o-1", parcels=1, downloads=0), Order("o-2", parcels=3, downloads=1)])
def test_an_order_becomes_one_delivery_per_parcel_line_with_its_business_key(order: Order) -> None:
    steps = order_flow(SINK)["steps"]
    mapped = jsonata.Jsonata(steps["map"]["config"]["expression"]).evaluate(order.payload())
    lines = jsonata.Jsonata(steps["lines"]["config"]["expression"]).evaluate(mapped)
    when = jsonata.Jsonata(steps["route"]["config"]["cases"][0]["when"])
    assert steps[steps["route"]["config"]["cases"][0]["next"]]["shape"] == STEERED_SHAPE
    delivered = [line["key"] for line in lines if when.evaluate(line)]
    assert tuple(delivered) == order.parcel_keys
    assert len(lines) == order.parcels + order.downloads


@pytest.mark.parametrize("parcels", [1, 7, 8, 24])
def test_orders_hold_exactly_as_many_parcels_as_asked_for(parcels: int) -> None:
    orders = list(OrderBook("order").orders_for(parcels))
    assert sum(order.parcels for order in orders) == parcels
    assert len({key for order in orders for key in order.parcel_keys}) == parcels


@pytest.mark.parametrize(("own", "held"), [(None, 8), (45, 45), (0, 0)])
def test_a_line_takes_as_long_as_its_order_says_or_else_the_flow(own: float | None, held: float) -> None:
    steps = order_flow(SINK, hold_seconds=8)["steps"]
    order = Order("o-1", parcels=1, downloads=0, hold_seconds=own)
    mapped = jsonata.Jsonata(steps["map"]["config"]["expression"]).evaluate(order.payload())
    assert [line["hold_seconds"] for line in mapped["lines"]] == [held]


def test_the_documented_order_and_flow_hold_the_connector(tmp_path: Path) -> None:
    section = DOCUMENT.read_text().partition("### A flow of your own\n")[2].partition("\n#")[0]
    shown = "".join(line if line.startswith("    ") else "\0" for line in section.splitlines()).split("\0")
    body, flow = (block for block in shown if block)
    order = Order("order-1f2e3d4c-1", parcels=2, downloads=1)
    assert json.loads(body) == order.payload()
    file = tmp_path / "flow.json"
    file.write_text(flow)
    documented = read_flow(file, STEERED_SHAPE)(SINK)
    assert check_flow(documented).name == "my-orders"
    lines = jsonata.Jsonata(documented["steps"]["lines"]["config"]["expression"]).evaluate(order.payload())
    assert tuple(line["key"] for line in lines) == order.parcel_keys
