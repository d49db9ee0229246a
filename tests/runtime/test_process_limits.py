"""One request cannot make more processes than a run may have, nor fill what tenants share."""

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from patchbay_runtime.catalog import CATALOG
from patchbay_runtime.flows.extent import Extent
from patchbay_runtime.settings import Settings

from tests.runtime.conftest import PUBLIC
from tests.runtime.in_process import api, workers
from tests.runtime.queue_workers import until
from tests.runtime.servers import Server

SPLIT: Mapping[str, Any] = {"shape": "split", "config": {"expression": "$"}}
SLEEP: Mapping[str, Any] = {"shape": "delay", "config": {"seconds": 3600}}
MAP: Mapping[str, Any] = {"shape": "map", "config": {"expression": "$"}}


class Client:
    """Of a tenant of its own, at an API whose runs may have 20 processes and whose tenants 60 open ones."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.tenant = f"test-{uuid.uuid4().hex[:12]}"

    async def register(self, steps: Mapping[str, Any], config: Mapping[str, Any] = PUBLIC) -> list[dict[str, str]]:
        """The warnings. `config`: of the trigger."""
        start = {"shape": "http-trigger", "config": config, "next": next(iter(steps))}
        document = {"name": "f", "start": "start", "steps": {"start": start, **steps}}
        answer = await self.http.post(f"/api/tenants/{self.tenant}/flows", json=document)
        assert answer.status_code == 201, answer.text
        warnings: list[dict[str, str]] = answer.json()["warnings"]
        return warnings

    async def start(self, payload: Any, wait: float = 60, headers: Mapping[str, str] | None = None) -> httpx.Response:
        path = f"/hooks/{self.tenant}/f"
        return await self.http.post(path, json=payload, params={"wait": wait}, headers=headers)


@pytest.fixture
async def client(settings: Settings, lone_redis: Server) -> AsyncIterator[Client]:
    limits = {"most_run_processes": 20, "most_open_processes": 60}
    limited = settings.model_copy(update={"redis_port": lone_redis.port, **limits})
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(api(limited))
        await stack.enter_async_context(workers(limited, CATALOG))
        client = Client(http)
        assert (await http.put(f"/api/tenants/{client.tenant}")).status_code == 201
        yield client


async def test_a_run_makes_as_many_processes_as_it_may_and_no_more(client: Client) -> None:
    """The trigger, the first split, and for each element the map and the second split; then each element's end."""
    await client.register(
        {"a": {**SPLIT, "next": "m"}, "m": {**MAP, "next": "b"}, "b": {**SPLIT, "next": "end"}, "end": MAP}
    )
    fits = (await client.start([[1, 2, 3], [4, 5, 6], [7, 8]])).json()  # 2 + 3 * 2 + 8
    assert (fits["status"], fits["output"]) == ("completed", [1, 2, 3, 4, 5, 6, 7, 8])
    over = (await client.start([list(range(9)), list(range(9))])).json()  # 2 + 2 * 2 + 18
    assert (over["status"], over["error"]["code"], over["error"]["step"]) == ("failed", "too_many_processes", "b")
    assert "20 processes" in over["error"]["message"]


async def test_whoever_registers_a_flow_is_told_that_its_runs_may_come_to_more_than_they_may(client: Client) -> None:
    small = {"expression": "$", "limit": 4}
    assert await client.register({"a": {**SPLIT, "config": small, "next": "b"}, "b": MAP}) == []
    nested = {"a": {**SPLIT, "config": small, "next": "b"}, "b": {**SPLIT, "config": small, "next": "c"}, "c": MAP}
    (warning,) = await client.register(nested)
    assert "more than 20 processes" in warning["message"]
    assert "`limit`" in warning["message"]


async def test_a_tenant_with_as_many_open_processes_as_it_may_have_starts_no_more(client: Client) -> None:
    await client.register({"sleep": SLEEP})
    key = {"Idempotency-Key": "first"}
    first = (await client.start({}, wait=0.01, headers=key)).json()["run"]
    for _ in range(59):
        assert (await client.start({}, wait=0.01)).status_code == 202
    refused: list[httpx.Response] = []

    async def is_refused() -> bool:
        refused.append(await client.start({}, wait=0.01))
        return refused[-1].status_code == 429

    await until(is_refused, 30, "a run is refused")
    assert refused[-1].json()["error"]["code"] == "too_many_open_processes"
    assert int(refused[-1].headers["Retry-After"]) > 0
    # Whoever did not get the answer gets it now.
    assert (await client.start({}, wait=0.01, headers=key)).json()["run"] == first
    # Strangers do not learn that the tenant is full.
    await client.register({"sleep": SLEEP}, config={})
    assert (await client.start({}, wait=0.01)).status_code == 401
    other = Client(client.http)
    await client.http.put(f"/api/tenants/{other.tenant}")
    await other.register({"m": MAP})
    assert (await other.start(1)).json()["status"] == "completed"


@pytest.mark.parametrize(("seconds", "status"), [(0.1, "failed"), (5, "completed")])
async def test_a_split_without_room_for_its_elements_waits_for_some_and_then_fails(
    client: Client, monkeypatch: pytest.MonkeyPatch, seconds: float, status: str
) -> None:
    """It is tried three times: within some seconds in the first case, and for ten in the second."""
    monkeypatch.setattr("patchbay_runtime.execution.limits.PAUSE_SECONDS", seconds)
    wait = 8 if status == "completed" else 3600
    await client.register({"pause": {"shape": "delay", "config": {"seconds": wait}}})
    for _ in range(55):
        assert (await client.start({}, wait=0.01)).status_code == 202
    await client.register({"a": {**SPLIT, "next": "m"}, "m": MAP})
    run = (await client.start([1, 2, 3, 4, 5, 6, 7])).json()
    assert run["status"] == status
    if status == "failed":
        assert (run["error"]["code"], run["error"]["attempts"]) == ("too_many_open_processes", 3)
    else:
        assert run["output"] == [1, 2, 3, 4, 5, 6, 7]
        details = (await client.http.get(f"/api/tenants/{client.tenant}/runs/{run['run']}")).json()
        assert max(process["attempts"] for process in details["processes"]) > 0


def test_the_most_processes_of_a_flow_are_those_of_its_longest_way_through_its_splits() -> None:
    """start, then either two maps or a split of four, each of whose elements takes the map and a split of three."""
    targets = {"start": ("a", "x"), "a": ("b",), "b": (), "x": ("m",), "m": ("y",), "y": ("end",), "end": ()}
    extent = Extent(targets, {"x": 4, "y": 3})
    assert extent.at_most("start") == 1 + 1 + 4 * (1 + 1 + 3 * 1)
    assert extent.until_splits("start") == 3
    assert (extent.until_splits("x"), extent.until_splits("m")) == (1, 2)


def test_a_flow_of_the_most_steps_is_measured_at_once() -> None:
    """Each step leads to each after it: as many ways as 2 to the power of 198."""
    names = [f"s{index}" for index in range(200)]
    extent = Extent({name: names[index + 1 :] for index, name in enumerate(names)}, dict.fromkeys(names, 1000))
    assert extent.at_most("s0") > 10**590
