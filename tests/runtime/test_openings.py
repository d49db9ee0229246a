"""Openings: what administrators let connectors call of our own networks, and when it ends."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from functools import partial
from ipaddress import IPv4Address
from urllib.parse import urlsplit

import pytest
from patchbay_runtime.queue.connection import connect
from patchbay_runtime.reach import openings as rule
from patchbay_runtime.reach.destinations import Destinations
from patchbay_runtime.reach.look_ups import LookUps
from patchbay_runtime.reach.openings import Openings
from patchbay_runtime.reach.rule import Reach
from patchbay_runtime.settings import Settings
from patchbay_runtime.steps.fault import StepFault

from tests.runtime import in_process
from tests.runtime.name_server import name_server
from tests.runtime.servers import Server
from tests.runtime.sink import Sink

SINK = "sink.loadtest.svc"
SERVICE = "10.96.0.7"
PATH = f"/api/platform/openings/{SERVICE}/443"


@pytest.fixture
async def openings(lone_redis: Server) -> AsyncIterator[Openings]:
    redis = connect(lone_redis.host, lone_redis.port)
    yield Openings(redis)
    await redis.aclose()


async def called(destinations: Destinations, host: str = SINK, port: int = 443) -> list[str] | StepFault:
    try:
        return list(map(str, await destinations.addresses("one", host, port)))
    except StepFault as fault:
        return fault


async def refused(destinations: Destinations, host: str = SINK, port: int = 443) -> StepFault:
    found = await called(destinations, host, port)
    assert isinstance(found, StepFault)
    assert found.code == "http_address_refused"
    return found


async def until_refused(destinations: Destinations) -> StepFault:
    async with asyncio.timeout(20):
        while True:
            if isinstance(await called(destinations), StepFault):
                return await refused(destinations)
            await asyncio.sleep(0.05)


async def test_only_the_address_and_port_of_an_opening_are_called_and_only_until_its_end(openings: Openings) -> None:
    zone = {SINK: [SERVICE], "other.loadtest.svc": ["10.96.0.8"], "both.loadtest.svc": ["10.96.0.8", SERVICE]}
    async with name_server(zone) as (_, look_ups):
        destinations = Destinations(Reach([(443, 444)]), look_ups, openings)
        await refused(destinations)
        await openings.make(IPv4Address(SERVICE), 443, 600)
        assert await called(destinations) == [SERVICE]
        assert await called(destinations, SERVICE) == [SERVICE]
        assert await called(destinations, "both.loadtest.svc") == [SERVICE]
        await refused(destinations, port=444)
        await refused(destinations, "other.loadtest.svc")
        await openings.make(IPv4Address(SERVICE), 443, 1)
        assert not (await until_refused(destinations)).retryable


async def test_an_opening_that_is_made_again_lasts_from_then_on(openings: Openings) -> None:
    async with name_server({SINK: [SERVICE]}) as (_, look_ups):
        destinations = Destinations(Reach([(443, 443)]), look_ups, openings)
        await openings.make(IPv4Address(SERVICE), 443, 1)
        await openings.make(IPv4Address(SERVICE), 443, 600)
        await asyncio.sleep(1.2)
        assert await called(destinations) == [SERVICE]
        await openings.end(IPv4Address(SERVICE), 443)
        await refused(destinations)


async def test_without_redis_the_refusal_may_be_another_the_next_time(openings: Openings, lone_redis: Server) -> None:
    async with name_server({SINK: [SERVICE], "partner.example.com": ["9.9.9.9"]}) as (_, look_ups):
        destinations = Destinations(Reach([(443, 443)]), look_ups, openings)
        lone_redis.stop()
        assert (await refused(destinations)).retryable
        assert await called(destinations, "partner.example.com") == ["9.9.9.9"]


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "0.0.0.1", "224.0.0.1", "255.255.255.255"])
async def test_no_opening_leads_to_the_machine_itself(settings: Settings, openings: Openings, address: str) -> None:
    await openings.make(IPv4Address(address), 443, 60)
    await refused(Destinations(Reach([(443, 443)]), LookUps(), openings), address)
    async with in_process.api(settings) as client:
        answer = await client.put(f"/api/platform/openings/{address}/443", params={"seconds": 60})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "not_openable")


async def test_an_administrator_opens_and_closes_over_the_api(
    settings: Settings, openings: Openings, lone_redis: Server
) -> None:
    destinations = Destinations(Reach([(443, 443)]), LookUps(), openings)
    own = settings.model_copy(update={"redis_port": lone_redis.port})
    async with in_process.api(own) as client:
        made = await client.put(PATH, params={"seconds": 300})
        assert (made.status_code, made.json()) == (200, {"address": SERVICE, "port": 443, "seconds": 300})
        assert await called(destinations, SERVICE) == [SERVICE]
        ended = await client.delete(PATH)
        assert (ended.status_code, ended.json()["seconds"]) == (200, 0)
        await refused(destinations, SERVICE)


async def test_nobody_else_opens_anything(settings: Settings, openings: Openings, lone_redis: Server) -> None:
    own = settings.model_copy(update={"redis_port": lone_redis.port})
    tenant = f"/api/tenants/test-{uuid.uuid4().hex[:12]}"
    async with in_process.api(own) as client:
        (await client.put(tenant)).raise_for_status()
        owner = (await client.post(f"{tenant}/keys", json={"name": "owner", "role": "owner"})).json()["key"]
        client.headers["Authorization"] = f"Bearer {owner}"
        for answer in (await client.put(PATH, params={"seconds": 300}), await client.delete(PATH)):
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    await refused(Destinations(Reach([(443, 443)]), LookUps(), openings), SERVICE)


@pytest.mark.parametrize(
    ("path", "seconds"),
    [
        (PATH, 0),
        (PATH, 3601),
        (PATH, "for ever"),
        (PATH, None),
        ("/api/platform/openings/10.96.0.7/0", 60),
        ("/api/platform/openings/10.96.0.7/65536", 60),
        ("/api/platform/openings/10.96.0/443", 60),
        ("/api/platform/openings/sink.loadtest.svc/443", 60),
        ("/api/platform/openings/fd00:ec2::254/443", 60),
    ],
)
async def test_an_opening_without_an_address_a_port_or_an_end_is_refused(
    settings: Settings, path: str, seconds: object
) -> None:
    async with in_process.api(settings) as client:
        answer = await client.put(path, params={} if seconds is None else {"seconds": str(seconds)})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")


async def test_an_opening_at_a_port_that_is_closed_to_connectors_is_refused_with_the_remedy(
    settings: Settings,
) -> None:
    closed = settings.model_copy(update={"connector_ports": "443"})
    async with in_process.api(closed) as client:
        answer = await client.put("/api/platform/openings/10.96.0.7/8080", params={"seconds": 60})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "not_openable")
    assert "port 8080 is not open to connectors here, only 443" in answer.json()["error"]["message"]


async def test_a_flow_calls_the_receiver_behind_an_opening_and_fails_without_it(
    settings: Settings, lone_redis: Server, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The receiver of a test is on loopback, which no opening leads to.
    monkeypatch.setattr(rule, "_NEVER", ())
    own = settings.model_copy(update={"redis_port": lone_redis.port, "connector_private_ranges": ""})
    port = urlsplit(sink.url).port
    assert port
    tenant = f"test-{uuid.uuid4().hex[:12]}"
    steps = {"send": {"shape": "http-connector", "config": {"url": f"http://{SINK}:{port}/sink", "backoff_seconds": 0}}}
    flow = {"name": "f", "start": "send", "steps": steps}
    async with (
        name_server({SINK: ["127.0.0.1"]}) as (_, look_ups),
        in_process.api(own) as client,
        in_process.workers(own, ["http-connector"], look_ups),
    ):
        assert (await client.put(f"/api/tenants/{tenant}")).status_code == 201
        assert (await client.post(f"/api/tenants/{tenant}/flows", json=flow)).status_code == 201
        start = partial(client.post, f"/api/tenants/{tenant}/flows/f/runs", params={"wait": 30}, json={})
        error = (await start()).json()["error"]
        assert (error["code"], error["attempts"], sink.received) == ("http_address_refused", 1, [])
        path = f"/api/platform/openings/127.0.0.1/{port}"
        assert (await client.put(path, params={"seconds": 60})).status_code == 200
        assert (await start()).json()["status"] == "completed"
    assert len(sink.received) == 1
