"""Senders from before webhooks had secrets go on for a time, in which they can be given one."""

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from patchbay_runtime.migrations import migrate
from patchbay_runtime.names import tenant_schema
from patchbay_runtime.settings import Settings
from patchbay_runtime.webhooks import unproven

from tests.runtime import senders
from tests.runtime.conftest import Tenant
from tests.runtime.in_process import api
from tests.runtime.servers import Mariadb
from tests.runtime.test_webhook_secrets import GIVEN, replaced
from tests.runtime.test_webhooks import document, registered, send

COUNTER = "patchbay_api_unproven_webhook_requests_total"


def earlier(tenant: Tenant, mariadb: Mariadb, settings: Settings, *documents: dict[str, Any]) -> None:
    """Have the tenant be of a release before there were secrets, with these flows, and migrate it."""
    schema = tenant_schema(tenant.name)
    mariadb.sql(
        f"DROP TABLE {schema}.webhook_secrets; ALTER TABLE {schema}.flows DROP COLUMN unproven_until;"  # noqa: S608 - the test's own names
        f"UPDATE {schema}.alembic_version SET version_num = '0003';"
    )
    for flow in documents or (document(),):
        text = json.dumps(flow)
        mariadb.sql(
            f"INSERT INTO {schema}.flows (name, latest_version) VALUES ('{flow['name']}', 1)"  # noqa: S608 - likewise
            " ON DUPLICATE KEY UPDATE latest_version = latest_version + 1;"
            f"INSERT INTO {schema}.flow_versions (flow, version, document)"
            f" SELECT name, latest_version, '{text}' FROM {schema}.flows WHERE name = '{flow['name']}'"
        )
    migrate(settings)


def told(tenant: Tenant, flow: str = "f") -> Any:
    """The webhook of the flow's latest version, as the API tells it."""
    response = tenant.client.get(f"{tenant.path}/flows/{flow}")
    assert response.status_code == 200
    return response.json().get("webhook")


def left(tenant: Tenant) -> timedelta:
    return datetime.fromisoformat(told(tenant)["unproven_until"]) - datetime.now(UTC)


def shortened(tenant: Tenant, mariadb: Mariadb, by: timedelta) -> None:
    seconds = int(by.total_seconds())
    schema = tenant_schema(tenant.name)
    mariadb.sql(f"UPDATE {schema}.flows SET unproven_until = unproven_until - INTERVAL {seconds} SECOND")  # noqa: S608 - the test's own name


def status(tenant: Tenant, headers: senders.Headers | None = None, **query: Any) -> int:
    return send(tenant, headers, **query).status_code


def test_a_sender_from_before_there_were_secrets_goes_on_for_30_days(
    tenant: Tenant, mariadb_server: Mariadb, settings: Settings
) -> None:
    earlier(tenant, mariadb_server, settings)
    assert status(tenant) == 202
    assert status(tenant, senders.github("a secret of the sender's own", b"")) == 202
    assert told(tenant)["path"] == f"/hooks/{tenant.name}/f"
    assert timedelta(days=30, minutes=-5) < left(tenant) <= timedelta(days=30)
    shortened(tenant, mariadb_server, timedelta(days=30))
    assert status(tenant) == 401
    assert told(tenant) is None


def test_only_flows_whose_latest_version_is_a_webhook_that_asks_for_nothing_are_let_go_on(
    tenant: Tenant, mariadb_server: Mariadb, settings: Settings
) -> None:
    steps = {"m": {"shape": "map", "config": {"expression": "$"}}}
    inner = {"start": "m", "steps": steps}
    earlier(
        tenant,
        mariadb_server,
        settings,
        document(name="now-inner"), {"name": "now-inner", **inner},
        {"name": "now-a-webhook", **inner}, document(name="now-a-webhook"),
        document(senders.KEY, "with-access"),
    )  # fmt: skip
    registered(tenant, name="new")
    names = ("now-inner", "now-a-webhook", "with-access", "new")
    answers = {name: send(tenant, path=f"/hooks/{tenant.name}/{name}").status_code for name in names}
    assert answers == {"now-inner": 401, "now-a-webhook": 202, "with-access": 401, "new": 401}
    assert [name for name in names if told(tenant, name)] == ["now-a-webhook"]


def test_a_key_that_is_shown_is_checked_once_there_is_one(
    tenant: Tenant, mariadb_server: Mariadb, settings: Settings
) -> None:
    earlier(tenant, mariadb_server, settings)
    assert [status(tenant, {"X-Webhook-Key": "x"}), status(tenant, key="x")] == [202, 202]
    key = {"X-Webhook-Key": replaced(tenant)["secret"]}
    assert [status(tenant, key), status(tenant)] == [202, 202]
    assert [status(tenant, {"X-Webhook-Key": "x"}), status(tenant, key="x")] == [401, 401]


@pytest.mark.parametrize(("wanted", "hours"), [({}, 24), ({"overlap_seconds": 7200, "secret": GIVEN}, 2)])
def test_the_first_secret_leaves_its_overlap_alone(
    tenant: Tenant, mariadb_server: Mariadb, settings: Settings, wanted: dict[str, Any], hours: int
) -> None:
    earlier(tenant, mariadb_server, settings)
    replaced(tenant, **wanted)
    assert timedelta(hours=hours, minutes=-5) < left(tenant) <= timedelta(hours=hours)
    assert status(tenant) == 202
    shortened(tenant, mariadb_server, timedelta(hours=hours))
    assert status(tenant) == 401


def test_a_secret_without_an_overlap_ends_it_at_once(
    tenant: Tenant, mariadb_server: Mariadb, settings: Settings
) -> None:
    earlier(tenant, mariadb_server, settings)
    secret = replaced(tenant, overlap_seconds=0)["secret"]
    assert [status(tenant), status(tenant, {"X-Webhook-Key": secret})] == [401, 202]


def test_an_overlap_never_makes_it_longer(tenant: Tenant, mariadb_server: Mariadb, settings: Settings) -> None:
    earlier(tenant, mariadb_server, settings)
    shortened(tenant, mariadb_server, timedelta(days=30, hours=-1))
    replaced(tenant, overlap_seconds=604_800)
    assert left(tenant) <= timedelta(hours=1)
    shortened(tenant, mariadb_server, timedelta(hours=1))
    replaced(tenant)
    assert status(tenant) == 401


def test_a_new_version_that_says_nothing_leaves_a_day(
    tenant: Tenant, mariadb_server: Mariadb, settings: Settings
) -> None:
    earlier(tenant, mariadb_server, settings)
    secret = registered(tenant)["secret"]
    assert timedelta(hours=23, minutes=55) < left(tenant) <= timedelta(days=1)
    assert [status(tenant), status(tenant, {"X-Webhook-Key": secret})] == [202, 202]


@pytest.mark.parametrize("access", [senders.KEY, senders.GITHUB])
def test_a_new_version_that_says_how_its_senders_are_known_ends_it_for_good(
    tenant: Tenant, mariadb_server: Mariadb, settings: Settings, access: dict[str, Any]
) -> None:
    earlier(tenant, mariadb_server, settings)
    replaced(tenant)
    registered(tenant, access)
    assert [status(tenant), told(tenant)] == [401, None]
    registered(tenant)
    assert [status(tenant), told(tenant)] == [401, None]


def test_a_tenant_that_is_new_has_no_such_flows(new_tenant: Callable[[], Tenant], settings: Settings) -> None:
    tenant = new_tenant()
    registered(tenant)
    migrate(settings)
    assert [status(tenant), told(tenant)] == [401, None]


def test_a_migration_that_was_cut_off_gives_no_flow_another_time(
    tenant: Tenant, mariadb_server: Mariadb, settings: Settings
) -> None:
    earlier(tenant, mariadb_server, settings)
    shortened(tenant, mariadb_server, timedelta(days=10))
    registered(tenant, name="has-a-secret")
    schema = tenant_schema(tenant.name)
    mariadb_server.sql(f"UPDATE {schema}.alembic_version SET version_num = '0003'")  # noqa: S608 - the test's own name
    migrate(settings)
    assert left(tenant) <= timedelta(days=20)
    assert told(tenant, "has-a-secret") is None


async def test_each_such_request_is_counted_and_each_flow_is_told_of_once_a_minute(
    tenant: Tenant,
    mariadb_server: Mariadb,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await asyncio.to_thread(earlier, tenant, mariadb_server, settings, document(), document(name="g"))
    hook = f"/hooks/{tenant.name}"

    def warned() -> list[str]:
        records = [record for record in caplog.records if record.name == unproven.__name__]
        assert {(record.levelno, record.tenant) for record in records} <= {(logging.WARNING, tenant.name)}  # type: ignore[attr-defined]  # of `extra`
        return [record.flow for record in records]  # type: ignore[attr-defined]  # likewise

    async with api(settings) as http:

        async def counted() -> float:
            lines = (await http.get("/metrics")).text.splitlines()
            (value,) = [line.split()[1] for line in lines if line.split()[0] == COUNTER]
            return float(value)

        before = await counted()
        for flow in ("f", "f", "g", "f"):
            assert (await http.post(f"{hook}/{flow}", json={})).status_code == 202
        assert (await http.post(f"{hook}/f", headers={"X-Webhook-Key": "x"}, json={})).status_code == 202
        assert await counted() == before + 5
        assert warned() == ["f", "g"]
        monkeypatch.setattr(unproven, "WARNING_SECONDS", 0.0)
        assert (await http.post(f"{hook}/f", json={})).status_code == 202
        assert warned() == ["f", "g", "f"]
