"""A tenant is reached by its own name below the environment's domain, and by no other tenant's."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from patchbay_runtime.api.app import create_app
from patchbay_runtime.settings import Settings
from prometheus_client import REGISTRY

from tests.runtime.conftest import Tenant
from tests.runtime.in_process import api
from tests.runtime.test_access import NOT_THERE, OF_TENANTS, OPEN

DOMAIN = "environment.example.com"
COUNTER = "patchbay_api_misdirected_requests_total"


@pytest.fixture
async def below_a_domain(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with api(settings.model_copy(update={"domain": DOMAIN})) as client:
        yield client


@pytest.mark.parametrize(
    "host",
    [
        "{tenant}.environment.example.com",
        "{tenant}.environment.example.com:443",
        "{tenant}.environment.example.com.",
        "{tenant}.environment.example.com.:8443",
        # Names that are nobody's.
        "environment.example.com",
        "another.example.com",
        "another.environment.example.com.example.net",
        "another-environment.example.com",
        "api.patchbay-runtime",
        "10.0.0.7:8000",
        "[::1]:8000",
        "",
    ],
)
async def test_a_tenant_is_reached_by_its_own_name_and_by_those_that_are_nobody_s(
    below_a_domain: httpx.AsyncClient, tenant: Tenant, host: str
) -> None:
    headers = {"Host": host.format(tenant=tenant.name)}
    for shown in (headers, {"Host": headers["Host"].upper()}):
        assert (await below_a_domain.get(f"{tenant.path}/runs", headers=shown)).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "another.environment.example.com",
        "Another.Environment.Example.Com.:443",
        "www.{tenant}.environment.example.com",
        ".environment.example.com",
        "*.environment.example.com",
        "another.environment.example.com:443:443",
        "another.environment.example.com:x",
    ],
)
async def test_by_another_tenant_s_name_it_is_not_reached_and_its_own_is_told(
    below_a_domain: httpx.AsyncClient, tenant: Tenant, host: str
) -> None:
    headers = {"Host": host.format(tenant=tenant.name)}
    answer = await below_a_domain.get(f"{tenant.path}/runs", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (421, "misdirected_request")
    assert f"call {tenant.name}.{DOMAIN}" in answer.json()["error"]["message"]


@pytest.mark.parametrize("hosts", [("{own}", "{other}"), ("{other}", "{own}")])
async def test_two_hosts_must_both_be_its_own(
    below_a_domain: httpx.AsyncClient, tenant: Tenant, hosts: tuple[str, str]
) -> None:
    names = {"own": f"{tenant.name}.{DOMAIN}", "other": f"another.{DOMAIN}"}
    headers = [("Host", host.format(**names)) for host in hosts]
    assert (await below_a_domain.get(f"{tenant.path}/runs", headers=headers)).status_code == 421


@pytest.mark.parametrize("route", sorted([*OF_TENANTS, *(route for route in OPEN if "{tenant}" in route)]))
async def test_no_route_of_a_tenant_is_reached_by_another_s_name_by_whoever_asks(
    below_a_domain: httpx.AsyncClient, route: str
) -> None:
    method, path = route.split()
    path = path.format(**{**NOT_THERE, "tenant": "nobody-yet"})
    headers = {"Host": f"another.{DOMAIN}", "Authorization": "Bearer unknown"}
    answer = await below_a_domain.request(method, path, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (421, "misdirected_request")


def test_every_route_of_a_tenant_declares_so(settings: Settings) -> None:
    routes = [one for one in iter_route_contexts(create_app(settings).routes) if "{tenant}" in (one.path or "")]
    document = create_app(settings).openapi()["paths"]
    assert routes
    for one in routes:
        assert one.path is not None
        assert all("421" in operation["responses"] for operation in document[one.path].values()), one.path


async def test_each_such_request_is_counted_and_they_are_told_of_once_a_minute(
    below_a_domain: httpx.AsyncClient, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def ask() -> None:
        await below_a_domain.get(f"{tenant.path}/runs", headers={"Host": f"another.{DOMAIN}"})

    def warned() -> list[str]:
        return [vars(record)["tenant"] for record in caplog.records if "another name" in record.getMessage()]

    counted = REGISTRY.get_sample_value(COUNTER) or 0
    monkeypatch.setattr("patchbay_runtime.api.own_names.WARNING_SECONDS", 0)
    await ask()
    assert warned() == [tenant.name]
    monkeypatch.setattr("patchbay_runtime.api.own_names.WARNING_SECONDS", 60)
    await ask()
    assert warned() == [tenant.name]
    assert REGISTRY.get_sample_value(COUNTER) == counted + 2


async def test_what_is_about_no_tenant_is_reached_by_every_name(below_a_domain: httpx.AsyncClient) -> None:
    headers = {"Host": f"another.{DOMAIN}"}
    assert (await below_a_domain.get("/api/platform/keys", headers=headers)).status_code == 200


async def test_without_a_domain_no_host_is_anybody_s(settings: Settings, tenant: Tenant) -> None:
    async with api(settings) as client:
        headers = {"Host": f"another.{DOMAIN}"}
        assert (await client.get(f"{tenant.path}/runs", headers=headers)).status_code == 200
