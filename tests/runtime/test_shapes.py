"""What each shape does to a payload, as a caller of the flow sees it."""

from typing import Any

import pytest

from tests.runtime.conftest import Tenant

pytestmark = pytest.mark.usefixtures("workers")

LINES = [{"sku": "a", "qty": 2, "price": 3}, {"sku": "b", "qty": 1, "price": 10}, {"sku": "c", "qty": 0, "price": 1}]


def test_a_map_replaces_the_payload(tenant: Tenant) -> None:
    tenant.register_steps("f", {"m": {"shape": "map", "config": {"expression": "{'total': $sum(lines.(qty*price))}"}}})
    answer = tenant.call("f", {"lines": LINES})
    assert (answer["status"], answer["output"]) == ("completed", {"total": 16})


@pytest.mark.parametrize(("payload", "output"), [({"n": 5}, {"n": 5}), ({"n": 1}, None)])
def test_a_filter_passes_or_ends_the_path(tenant: Tenant, payload: Any, output: Any) -> None:
    tenant.register_steps("f", {"only-large": {"shape": "filter", "config": {"when": "n > 3"}}})
    answer = tenant.call("f", payload)
    assert (answer["status"], answer["output"]) == ("completed", output)


def test_a_split_runs_the_rest_once_per_element_and_keeps_their_order(tenant: Tenant) -> None:
    steps = {
        "lines": {"shape": "split", "config": {"expression": "lines"}, "next": "total"},
        "total": {"shape": "map", "config": {"expression": "qty * price"}},
    }
    tenant.register_steps("f", steps)
    assert tenant.call("f", {"lines": LINES})["output"] == [6, 10, 0]
    assert tenant.call("f", {"lines": []})["output"] == []
    assert tenant.call("f", {})["output"] == []


def test_splits_may_be_nested(tenant: Tenant) -> None:
    steps = {
        "outer": {"shape": "split", "config": {"expression": "$"}, "next": "inner"},
        "inner": {"shape": "split", "config": {"expression": "$"}, "next": "double"},
        "double": {"shape": "map", "config": {"expression": "$ * 2"}},
    }
    tenant.register_steps("f", steps)
    payload = [[index * 12 + inner for inner in range(12)] for index in range(11)]
    answer = tenant.call("f", payload)
    assert answer["output"] == [number * 2 for number in range(132)]


def test_a_branch_takes_the_first_case_that_holds_else_the_default(tenant: Tenant) -> None:
    cases = [{"when": "kind = 'a'", "next": "first"}, {"when": "kind in ['a', 'b']", "next": "second"}]
    steps = {
        "route": {"shape": "branch", "config": {"cases": cases, "default": "other"}},
        **{name: {"shape": "map", "config": {"expression": f"'{name}'"}} for name in ("first", "second", "other")},
    }
    tenant.register_steps("f", steps)
    outputs = [tenant.call("f", {"kind": kind})["output"] for kind in ("a", "b", "c")]
    assert outputs == ["first", "second", "other"]


def test_variables_reach_every_later_step_on_the_path(tenant: Tenant) -> None:
    steps = {
        "keep": {"shape": "set-variables", "config": {"variables": {"order": "id", "rate": "0.5"}}, "next": "lines"},
        "lines": {"shape": "split", "config": {"expression": "lines"}, "next": "price"},
        "price": {"shape": "map", "config": {"expression": "{'order': $order, 'price': price * $rate}"}},
    }
    tenant.register_steps("f", steps)
    output = tenant.call("f", {"id": "o-1", "lines": LINES[:2]})["output"]
    assert output == [{"order": "o-1", "price": 1.5}, {"order": "o-1", "price": 5}]


def test_a_delay_goes_on_later(tenant: Tenant) -> None:
    tenant.register_steps("f", {"pause": {"shape": "delay", "config": {"seconds": 1.5}}})
    run = tenant.trigger("f", {"kept": True})
    details = tenant.ended(run)
    assert details["output"] == {"kept": True}
    pause = next(process for process in details["processes"] if process["step"] == "pause")
    assert pause["attempts"] == 0


def test_text_of_any_script_comes_through_unchanged(tenant: Tenant) -> None:
    tenant.register_steps("f", {"m": {"shape": "map", "config": {"expression": "{'t': t & '!'}"}}})
    assert tenant.call("f", {"t": "Grüße 漢字 🎉 '\"\\ % :x"})["output"] == {"t": "Grüße 漢字 🎉 '\"\\ % :x!"}
