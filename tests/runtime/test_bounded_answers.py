"""No document and no run is so large that the API has to hold all of it."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from patchbay_runtime.evaluation.evaluators import Evaluators
from patchbay_runtime.execution.flow_cache import FlowCache
from patchbay_runtime.settings import Settings
from patchbay_runtime.steps.fault import StepFault
from patchbay_runtime.storage import flow_repository
from patchbay_runtime.storage.flow_repository import FlowVersion

from tests.runtime.conftest import Tenant, wait_until
from tests.runtime.in_process import api

LARGEST_ANSWER = 4 * 2**20
NEARLY_A_MEBIBYTE = 1_000_000


def mapping(expressions: list[str]) -> dict[str, Any]:
    """A flow of one map after the other."""
    steps: dict[str, Any] = {"s0": {"shape": "http-trigger", "next": "s1"}}
    for index, expression in enumerate(expressions, 1):
        steps[f"s{index}"] = {"shape": "map", "config": {"expression": expression}, "next": f"s{index + 1}"}
    del steps[f"s{len(expressions)}"]["next"]
    return {"name": "f", "start": "s0", "steps": steps}


async def test_the_api_reads_no_expression_itself(
    settings: Settings, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(_: str) -> None:
        raise AssertionError("read here")

    monkeypatch.setattr("patchbay_runtime.steps.syntax.syntax_fault", read)
    path = f"{tenant.path}/flows"
    async with api(settings) as http:
        assert (await http.post(path, json=mapping(["a", "b"]))).status_code == 201
        refused = await http.post(path, json=mapping(["a", "b.(", "c", "(", "99999999999999999"]))
        first, second, third = refused.json()["error"]["details"]
        assert (first["path"], "position 3" in first["message"]) == ("$.steps.s2.config.expression", True)
        assert second["path"] == "$.steps.s4.config.expression"
        assert "as text" in third["message"]


def test_a_document_of_expressions_alone_is_registered(tenant: Tenant) -> None:
    document = mapping([f"{index} + " + " + ".join(["a.b"] * 1650) for index in range(25)])
    assert 240_000 < len(json.dumps(document)) < 256 * 1024

    def is_registered() -> bool:
        answer = tenant.client.post(f"{tenant.path}/flows", json=document)
        # A machine that has no time for it says so.
        assert answer.status_code in {201, 503}, answer.text
        return answer.status_code == 201

    wait_until(is_registered, 240)


@pytest.mark.long
async def test_expressions_that_take_too_long_to_read_are_a_fault_that_names_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The machine may have a third of a processor for it, and less.
    monkeypatch.setattr("patchbay_runtime.evaluation.evaluators.WALL_SECONDS", 300)
    evaluators = Evaluators()
    began = time.process_time()
    with pytest.raises(StepFault) as fault:
        await evaluators.syntax("t", [f"{index} + " + " + ".join(["a.b"] * 1650) for index in range(400)])
    assert (fault.value.code, fault.value.retryable) == ("expression_processor_time", False)
    # This process has done nothing of it.
    assert time.process_time() - began < 4
    await evaluators.close()


async def test_flows_are_kept_up_to_a_size_and_the_ones_used_last_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    async def stored(_: object, flow: str, version: int) -> FlowVersion:
        read.append(version)
        return FlowVersion(flow, version, mapping(["a"]), datetime.now(UTC), 100)

    monkeypatch.setattr(flow_repository, "get_version", stored)
    cache = FlowCache(most=250)
    for version in (1, 2, 1, 3, 1, 2):
        await cache.get(None, "t", "f", version)  # type: ignore[arg-type]  # handed on to what is replaced above
    assert read == [1, 2, 3, 2]
    small = FlowCache(most=50)
    for version in (4, 4):
        await small.get(None, "t", "f", version)  # type: ignore[arg-type]  # likewise
    assert read[4:] == [4]


@pytest.mark.usefixtures("workers")
def test_what_a_run_holds_comes_in_pages_of_a_bounded_size(tenant: Tenant) -> None:
    each: Mapping[str, Any] = {"shape": "map", "config": {"expression": "$pad('', 1000000, $string($))"}}
    tenant.register_steps("f", {"lines": {"shape": "split", "config": {"expression": "$"}, "next": "m"}, "m": each})
    run = tenant.ended(tenant.trigger("f", list(range(10))))
    assert (run["status"], run["output"], run["output_left_out"]) == ("completed", None, True)
    assert run["more_processes"]
    found: list[dict[str, Any]] = []
    more = True
    while more:
        after = found[-1]["process"] if found else ""
        answer = tenant.client.get(f"{tenant.path}/runs/{run['run']}/processes", params={"after": after, "limit": 1000})
        assert len(answer.content) <= LARGEST_ANSWER
        page = answer.json()
        found += page["processes"]
        more = page["more_processes"]
    assert len({process["process"] for process in found}) == len(found) == 12
    outputs = sorted(process["output"] for process in found if "output" in process)
    assert outputs == [str(index) * NEARLY_A_MEBIBYTE for index in range(10)]


@pytest.mark.usefixtures("workers")
def test_pages_of_processes_may_be_as_short_as_the_caller_likes(tenant: Tenant) -> None:
    tenant.register_steps("f", {"m": {"shape": "map", "config": {"expression": "1"}}})
    run = tenant.call("f", {})
    path = f"{tenant.path}/runs/{run['run']}/processes"
    first = tenant.client.get(path, params={"limit": 1}).json()
    second = tenant.client.get(path, params={"limit": 1, "after": first["processes"][0]["process"]}).json()
    assert [page["processes"][0]["step"] for page in (first, second)] == ["receive", "m"]
    assert (first["more_processes"], second["more_processes"], second["processes"][0]["output"]) == (True, False, 1)
    assert tenant.client.get(f"{tenant.path}/runs/{'0' * 32}/processes").status_code == 404
