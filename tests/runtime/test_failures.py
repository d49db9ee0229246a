"""Steps that fail: what the owner of the flow is told, and that nobody else is harmed."""

import asyncio
from typing import Any

import pytest
from patchbay_runtime.catalog import CATALOG
from patchbay_runtime.execution.open import open_executor
from patchbay_runtime.queue import Delivery, ProcessQueue
from patchbay_runtime.settings import Settings

from tests.runtime.conftest import Tenant, wait_until


def failing(tenant: Tenant, shape: str, config: dict[str, Any], payload: Any) -> dict[str, Any]:
    """The error of a run whose only further step is `bad`."""
    tenant.register_steps("f", {"bad": {"shape": shape, "config": config}})
    answer = tenant.call("f", payload)
    assert (answer["status"], answer["error"]["step"], answer["error"]["payload"]) == ("failed", "bad", payload)
    error: dict[str, Any] = answer["error"]
    return error


@pytest.mark.usefixtures("workers")
@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("( $f := function($x){ $f($x + 1) }; $f(1) )", "expression_processor_time"),
        ("( $f := function($x){ 1 + $f($x + 1) }; $f(1) )", "expression_failed"),
        ("$map([1..1000000], function($v){ $v * 2 })", "expression_processor_time"),
    ],
)
def test_an_endless_expression_fails_its_step_and_not_the_worker(tenant: Tenant, expression: str, code: str) -> None:
    assert failing(tenant, "map", {"expression": expression}, {"a": 1})["code"] == code
    tenant.register_steps("g", {"m": {"shape": "map", "config": {"expression": "a"}}})
    assert tenant.call("g", {"a": 1})["output"] == 1


@pytest.mark.usefixtures("workers")
def test_a_pattern_that_would_backtrack_for_ever_is_matched_at_once(tenant: Tenant) -> None:
    tenant.register_steps("f", {"m": {"shape": "map", "config": {"expression": "$contains(t, /^(a+)+$/)"}}})
    assert tenant.call("f", {"t": "a" * 5000 + "b"})["output"] is False


@pytest.mark.usefixtures("workers")
@pytest.mark.parametrize(
    ("shape", "config", "code"),
    [
        ("map", {"expression": "1 + 'a'"}, "expression_failed"),
        ("map", {"expression": "function($x){ $x }"}, "expression_failed"),
        ("map", {"expression": "$pad('x', 2000000)"}, "expression_output_size"),
        ("filter", {"when": "'yes'"}, "not_a_condition"),
        ("split", {"expression": "[1..1001]"}, "too_many_elements"),
        ("set-variables", {"variables": {"k": "$pad('x', 70000)"}}, "invalid_output"),
    ],
)
def test_a_step_that_cannot_do_its_work_fails_the_run_with_its_reason(
    tenant: Tenant, shape: str, config: dict[str, Any], code: str
) -> None:
    steps = {
        "bad": {"shape": shape, "config": config, "next": "m"},
        "m": {"shape": "map", "config": {"expression": "$"}},
    }
    tenant.register_steps("f", steps)
    error = tenant.call("f", {"kept": 1})["error"]
    assert (error["step"], error["code"], error["payload"]) == ("bad", code, {"kept": 1})


@pytest.mark.usefixtures("workers")
def test_the_other_paths_of_a_failed_run_still_come_to_their_end(tenant: Tenant) -> None:
    steps = {
        "lines": {"shape": "split", "config": {"expression": "$"}, "next": "m"},
        "m": {"shape": "map", "config": {"expression": "1 + $"}},
    }
    tenant.register_steps("f", steps)
    run = tenant.call("f", [1, "a", 3])["run"]
    details = tenant.ended(run)
    assert details["error"]["payload"] == "a"

    def states() -> list[str]:
        return sorted(process["status"] for process in tenant.run(run)["processes"] if process["step"] == "m")

    wait_until(lambda: states() == ["completed", "completed", "failed"])


@pytest.mark.usefixtures("workers")
def test_a_dead_lettered_process_fails_its_run_with_the_reason(settings: Settings, tenant: Tenant) -> None:
    tenant.register_steps("f", {"pause": {"shape": "delay", "config": {"seconds": 600}}})
    run = tenant.trigger("f", {"kept": 1})
    wait_until(lambda: tenant.run(run)["processes"][-1]["status"] == "delayed")
    process = tenant.run(run)["processes"][-1]

    async def give_up() -> None:
        queue = ProcessQueue.connect(settings.redis_host, settings.redis_port, None, CATALOG)
        delivery = Delivery(process["process"], tenant.name, process["shape"], 3)
        async with open_executor(settings, queue) as executor:
            await executor.give_up(delivery, "its worker died 3 times")
            await executor.give_up(delivery, "its worker died 3 times")
        await queue.close()

    asyncio.run(give_up())
    error = tenant.ended(run)["error"]
    assert (error["step"], error["code"], error["payload"]) == ("pause", "dead_lettered", {"kept": 1})
    assert error["message"] == "its worker died 3 times"
