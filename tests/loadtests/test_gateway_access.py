"""Which key a load test shows for what, against an environment that asks for it."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from patchbay_loadtests.core import access
from patchbay_loadtests.core.access import Access
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.flows import Order, order_flow
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.core.traffic.locust_process import LocustProcess
from patchbay_loadtests.core.traffic.protocol import TrafficSettings

from tests.loadtests.small_environment import SmallEnvironment, small_environment

ADMINISTRATOR = Access.model_validate({"token": "administrators"})
FLOW = order_flow("http://sink.example/deliveries")
NAME = str(FLOW["name"])
PUBLIC = json.loads(json.dumps(FLOW))
PUBLIC["steps"]["receive"]["config"] = {"access": {"kind": "public"}}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallEnvironment]:
    with small_environment(lambda _: 1, tmp_path) as (environment, _):
        environment.access.token = "administrators"
        yield environment


def gateway_of(small: SmallEnvironment) -> Gateway:
    return Gateway(small.url, "loadtest", ADMINISTRATOR)


def order(small: SmallEnvironment, shown: dict[str, str]) -> int:
    body = Order("o-1", parcels=1, downloads=0).payload()
    return httpx2.post(f"{small.url}/hooks/loadtest/{NAME}", json=body, headers=shown, trust_env=False).status_code


async def test_the_tenant_s_own_key_is_shown_for_the_tenant_and_the_administrator_s_for_horizon(
    small: SmallEnvironment,
) -> None:
    async with gateway_of(small) as gateway:
        await gateway.register(FLOW)
        assert await gateway.runs("0" * 32, 10) == []
        assert (await gateway.workload())["filter"].total == 0
        assert len(small.access.keys) == 1
        assert small.access.asked == [("POST", "/api/tenants/loadtest/flows"), ("GET", "/api/tenants/loadtest/runs")]
    assert small.access.keys == {}


async def test_the_key_is_given_back_also_where_the_load_test_fails(small: SmallEnvironment) -> None:
    async def failing() -> None:
        async with gateway_of(small) as gateway:
            await gateway.register(FLOW)
            raise RuntimeError("the load test's own")

    with pytest.raises(RuntimeError, match="the load test's own"):
        await failing()
    assert small.access.keys == {}


async def test_a_gateway_that_is_gone_hides_no_end_of_a_load_test(small: SmallEnvironment) -> None:
    async with gateway_of(small) as gateway:
        await gateway.register(FLOW)
        small.away = True
    assert len(small.access.keys) == 1


async def test_a_load_that_outlasts_its_key_goes_on_with_another(small: SmallEnvironment) -> None:
    async with gateway_of(small) as gateway:
        await gateway.register(FLOW)
        small.access.keys.clear()
        assert await gateway.runs("0" * 32, 10) == []
        assert len(small.access.made) == 2
    assert small.access.keys == {}


@pytest.mark.parametrize("registrations", [1, 2], ids=["first", "later"])
async def test_orders_show_the_secret_of_the_webhook_and_no_key_of_the_api(
    small: SmallEnvironment, registrations: int
) -> None:
    for _ in range(registrations):
        async with gateway_of(small) as gateway:
            await gateway.register(FLOW)
            shown = gateway.sender(NAME).headers()
    assert shown == {"X-Webhook-Key": small.access.secrets[NAME]}
    assert order(small, shown) == 202
    assert order(small, {}) == order(small, {"X-Webhook-Key": "another"}) == 401


async def test_orders_to_a_public_webhook_show_nothing(small: SmallEnvironment) -> None:
    async with gateway_of(small) as gateway:
        await gateway.register(PUBLIC)
        assert gateway.sender(NAME).headers() == {}


async def test_the_process_that_sends_orders_has_the_webhook_s_secret_alone(
    small: SmallEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(access.TOKEN, "administrators")
    async with Gateway(small.url, "loadtest") as gateway:
        await gateway.register(FLOW)
        sender = gateway.sender(NAME)
        settings = TrafficSettings(host=small.url, tenant="loadtest", flow=NAME, users=1)
        async with LocustProcess(settings, tmp_path / "locust.log", sender) as traffic:
            await traffic.place([Order("o-1", parcels=1, downloads=0)])
    assert len(traffic.runs) == 1
    assert access.TOKEN not in sender.environment()
    assert sender.environment()[access.WEBHOOK_KEY] == small.access.secrets[NAME]


@pytest.mark.parametrize("token", ["wrong-secret", None], ids=["wrong", "none"])
async def test_without_an_administrator_s_key_the_remedy_is_told_and_no_secret(
    small: SmallEnvironment, token: str | None
) -> None:
    async with Gateway(small.url, "loadtest", Access.model_validate({"token": token})) as gateway:
        with pytest.raises(
            UnusableEnvironmentError, match=r"401.*set PATCHBAY_TOKEN to an administrator's key"
        ) as told:
            await gateway.register(FLOW)
    assert "wrong-secret" not in str(told.value)
