"""Starting and following runs over HTTP."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from patchbay_runtime.names import tenant_schema

from tests.http_requests import http
from tests.runtime.conftest import AUTHORIZED, Tenant
from tests.runtime.servers import Mariadb

pytestmark = pytest.mark.usefixtures("workers")

ECHO: dict[str, Any] = {"echo": {"shape": "map", "config": {"expression": "$"}}}


def test_a_triggered_run_is_accepted_and_can_be_followed_to_its_end(tenant: Tenant) -> None:
    tenant.register_steps("f", ECHO)
    run = tenant.trigger("f", {"a": 1})
    details = tenant.ended(run)
    assert (details["status"], details["output"], details["error"]) == ("completed", {"a": 1}, None)
    assert [(process["step"], process["status"]) for process in details["processes"]] == [
        ("receive", "completed"),
        ("echo", "completed"),
    ]
    assert details["finished_at"] >= details["created_at"]


def test_a_run_may_be_started_by_the_api_as_well_as_by_the_public_hook(tenant: Tenant) -> None:
    tenant.register_steps("f", ECHO)
    response = tenant.client.post(f"{tenant.path}/flows/f/runs", params={"wait": 30}, json=[1, 2])
    assert (response.status_code, response.json()["output"]) == (200, [1, 2])


def test_a_trigger_without_a_body_has_null_as_its_payload(tenant: Tenant) -> None:
    tenant.register_steps("f", ECHO)
    response = tenant.client.post(f"/hooks/{tenant.name}/f", params={"wait": 30})
    assert (response.status_code, response.json()["output"]) == (200, None)


def test_waiting_ends_with_202_when_the_run_takes_longer(tenant: Tenant) -> None:
    tenant.register_steps("f", {"pause": {"shape": "delay", "config": {"seconds": 30}}})
    response = tenant.client.post(f"/hooks/{tenant.name}/f", params={"wait": 0.2}, json={})
    assert (response.status_code, response.json()["status"]) == (202, "accepted")
    assert tenant.run(response.json()["run"])["status"] == "running"


@pytest.mark.parametrize("wait", ["0", "61", "soon"])
def test_a_wait_out_of_bounds_is_refused_with_422(tenant: Tenant, wait: str) -> None:
    tenant.register_steps("f", ECHO)
    response = tenant.client.post(f"/hooks/{tenant.name}/f", params={"wait": wait}, json={})
    assert (response.status_code, response.json()["error"]["details"][0]["path"]) == (422, "$.query.wait")


def test_the_same_idempotency_key_gives_the_same_run_even_at_once(tenant: Tenant) -> None:
    tenant.register_steps("f", ECHO)
    tenant.register_steps("g", ECHO)
    key = {"Idempotency-Key": "order-1"}
    with ThreadPoolExecutor(8) as pool:
        runs = set(pool.map(lambda _: tenant.trigger("f", {"a": 1}, **key), range(16)))
    assert len(runs) == 1
    again = tenant.client.post(f"/hooks/{tenant.name}/f", params={"wait": 30}, json={"a": 1}, headers=key)
    assert (again.json()["run"], again.json()["output"]) == (runs.pop(), {"a": 1})
    assert tenant.trigger("g", {}, **key) != again.json()["run"]


def test_an_idempotency_key_that_came_with_another_body_is_refused_and_starts_nothing(tenant: Tenant) -> None:
    tenant.register_steps("f", ECHO)
    key = {"Idempotency-Key": "order-1"}
    first = tenant.trigger("f", {"a": 1}, **key)
    other = tenant.client.post(f"/hooks/{tenant.name}/f", json={"a": 2}, headers=key)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")
    assert [run["run"] for run in tenant.client.get(f"{tenant.path}/runs").json()["runs"]] == [first]


def test_an_idempotency_key_ends_after_a_week(tenant: Tenant, mariadb_server: Mariadb) -> None:
    tenant.register_steps("f", ECHO)
    key = {"Idempotency-Key": "order-1"}
    first = tenant.trigger("f", {"a": 1}, **key)
    older = "UPDATE {}.runs SET created_at = created_at - INTERVAL {} HOUR"
    mariadb_server.sql(older.format(tenant_schema(tenant.name), 167))
    assert tenant.trigger("f", {"a": 1}, **key) == first
    mariadb_server.sql(older.format(tenant_schema(tenant.name), 2))
    with ThreadPoolExecutor(8) as pool:
        (second,) = set(pool.map(lambda _: tenant.trigger("f", {"a": 2}, **key), range(16)))
    assert second != first


def test_a_new_version_is_used_at_once_and_old_runs_keep_theirs(tenant: Tenant) -> None:
    def flow(step: str) -> dict[str, Any]:
        return {"pause": {"shape": "delay", "config": {"seconds": 1}, "next": "m"},
                "m": {"shape": "map", "config": {"expression": step}}}  # fmt: skip

    assert tenant.register_steps("f", flow("'old'")) == 1
    before = tenant.trigger("f", {})
    assert tenant.register_steps("f", flow("'new'")) == 2
    assert (tenant.call("f", {})["output"], tenant.ended(before)["output"]) == ("new", "old")
    versions = f"{tenant.path}/flows/f/versions"
    assert tenant.client.get(f"{versions}/1").json()["document"]["steps"]["m"]["config"]["expression"] == "'old'"
    assert tenant.client.get(f"{tenant.path}/flows/f").json()["version"] == 2
    assert tenant.client.get(f"{tenant.path}/flows").json() == {"flows": [{"flow": "f", "latest_version": 2}]}
    assert tenant.client.get(f"{versions}/3").status_code == 404


def test_registrations_at_once_get_different_versions(tenant: Tenant) -> None:
    with ThreadPoolExecutor(4) as pool:  # as many registrations as a tenant may have in hand
        versions = list(pool.map(lambda _: tenant.register_steps("f", ECHO), range(16)))
    assert sorted(versions) == list(range(1, 17))


def test_what_is_unknown_is_404(tenant: Tenant) -> None:
    tenant.register_steps("f", ECHO)
    client = tenant.client
    responses = {
        "unknown_tenant": client.post("/api/tenants/nobody/flows/f/runs", json={}),
        "unknown_flow": client.post(f"{tenant.path}/flows/nothing/runs", json={}),
        "unknown_run": client.get(f"{tenant.path}/runs/{'0' * 32}"),
        "unknown_version": client.get(f"{tenant.path}/flows/f/versions/9"),
        "not_found": client.get("/api/nothing"),
    }
    for code, response in responses.items():
        assert (response.status_code, response.json()["error"]["code"]) == (404, code)
    assert client.get("/api/tenants/nobody/flows").status_code == 404


def test_tenants_do_not_see_each_other(new_tenant: Callable[[], Tenant]) -> None:
    one, other = new_tenant(), new_tenant()
    one.register_steps("f", {"m": {"shape": "map", "config": {"expression": "'one'"}}})
    assert other.client.post(f"{other.path}/flows/f/runs", json={}).status_code == 404
    other.register_steps("f", {"m": {"shape": "map", "config": {"expression": "'other'"}}})
    assert (one.call("f", {})["output"], other.call("f", {})["output"]) == ("one", "other")
    run = one.trigger("f", {})
    assert other.client.get(f"{other.path}/runs/{run}").status_code == 404


def test_a_tenant_may_be_created_again(tenant: Tenant) -> None:
    assert tenant.client.put(tenant.path).status_code == 200


@pytest.mark.parametrize("name", ["Upper", "-a", "a-", "a_b", "a" * 41, "a%60b", "a.b"])
def test_a_tenant_with_an_unfit_name_is_refused_with_422(api_url: str, name: str) -> None:
    assert http.put(f"{api_url}/api/tenants/{name}", headers=AUTHORIZED).status_code == 422


def test_forty_paths_that_end_together_end_the_run_once(tenant: Tenant) -> None:
    steps = {"lines": {"shape": "split", "config": {"expression": "$"}, "next": "m"},
             "m": {"shape": "map", "config": {"expression": "$"}}}  # fmt: skip
    tenant.register_steps("f", steps)
    runs = [tenant.trigger("f", list(range(40))) for _ in range(5)]
    for run in runs:
        details = tenant.ended(run)
        assert (details["status"], details["output"]) == ("completed", list(range(40)))


def test_a_payload_over_the_limit_is_refused_with_413(tenant: Tenant) -> None:
    tenant.register_steps("f", ECHO)
    response = tenant.client.post(f"/hooks/{tenant.name}/f", content=json.dumps("x" * 2**20))
    assert (response.status_code, response.json()["error"]["code"]) == (413, "body_too_large")
