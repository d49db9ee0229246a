"""The audit is read by whom it concerns, and nobody changes it: not even who has the runtime's own account."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import patchbay_platform
import pytest
from patchbay_runtime.migrations import migrate
from patchbay_runtime.settings import Settings
from patchbay_runtime.storage import audit_repository, audit_schema
from patchbay_runtime.storage.audit_repository import Entry
from patchbay_runtime.storage.database import Database
from patchbay_runtime.storage.engine import create_engine
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.runtime.audited import entries
from tests.runtime.conftest import Tenant
from tests.runtime.in_process import api
from tests.runtime.servers import Mariadb

BOOTSTRAP = Path(patchbay_platform.__path__[0], "mariadb", "native", "bootstrap.sql")
DOCUMENT = {"name": "f", "start": "receive", "steps": {"receive": {"shape": "http-trigger"}}}
OPENING = "/api/platform/openings/10.96.0.9/443"


@pytest.fixture
def lone_settings(unmigrated_settings: Settings, lone_mariadb: Mariadb) -> Settings:
    settings = unmigrated_settings.model_copy(update={"database_port": lone_mariadb.port})
    migrate(settings)
    return settings


async def test_a_change_that_the_audit_cannot_keep_is_not_made(lone_settings: Settings, lone_mariadb: Mariadb) -> None:
    """As in an update whose database has not been brought up to date yet."""
    rename = "RENAME TABLE audit_patchbay.{} TO audit_patchbay.{}"
    async with api(lone_settings) as client:
        (await client.put("/api/tenants/one")).raise_for_status()
        lone_mariadb.sql(rename.format("entries", "elsewhere"))
        answers = [
            await client.put("/api/tenants/two"),
            await client.post("/api/tenants/one/flows", json=DOCUMENT),
            await client.post("/api/tenants/one/keys", json={"name": "erp", "role": "viewer"}),
            await client.put(OPENING, params={"seconds": 60}),
        ]
        assert [answer.status_code for answer in answers] == [503] * 4
        lone_mariadb.sql(rename.format("elsewhere", "entries"))
        assert (await client.get("/api/tenants/two/flows")).status_code == 404
        assert (await client.get("/api/tenants/one/flows")).json() == {"flows": []}
        assert (await client.get("/api/tenants/one/keys")).json() == {"keys": []}


async def test_each_look_at_payloads_is_kept_with_who_looked_and_whence(settings: Settings, tenant: Tenant) -> None:
    tenant.register(DOCUMENT)
    async with api(settings) as client:
        run = (await client.post(f"{tenant.path}/flows/f/runs", json={"a": 1})).json()["run"]
        viewer = (await client.post(f"{tenant.path}/keys", json={"name": "look", "role": "viewer"})).json()
        authorized = {"Authorization": f"Bearer {viewer['key']}"}
        outside = {"Patchbay-Via": "gateway", "X-Forwarded-For": "2001:db8::7"}
        for path in (f"runs/{run}", f"runs/{run}/processes"):
            (await client.get(f"{tenant.path}/{path}", headers={**authorized, **outside})).raise_for_status()
        # A list has no payloads, and what is not there cannot be looked at.
        (await client.get(f"{tenant.path}/runs", headers=authorized)).raise_for_status()
        assert (await client.get(f"{tenant.path}/runs/{'0' * 32}", headers=authorized)).status_code == 404
        found = await entries(client, tenant, limit=2)
    looked = {"what": "a run's payloads were looked at", "operation": "run.read", "about": {"run": run}}
    by = {"principal": viewer["id"], "role": "viewer", "source": "2001:db8::7", "tenant": tenant.name}
    assert [{key: entry[key] for key in (*looked, *by)} for entry in found] == [{**looked, **by}] * 2


async def test_only_the_gateway_says_whence_a_request_came(settings: Settings, tenant: Tenant) -> None:
    async with api(settings) as client:
        for headers in ({"X-Forwarded-For": "192.0.2.1"}, {"Patchbay-Via": "gateway", "X-Forwarded-For": "x" * 1000}):
            (await client.put(tenant.path, headers=headers)).raise_for_status()
        assert [entry["source"] for entry in await entries(client, tenant, limit=2)] == [None, "127.0.0.1"]


async def test_why_support_came_is_kept_before_it_sees_anything(settings: Settings, tenant: Tenant) -> None:
    async with api(settings) as client:
        made = await client.post("/api/platform/keys", json={"name": "help", "role": "support"})
        reason = {"Patchbay-Reason": "ticket 4711: runs fail"}
        as_support = {"Authorization": f"Bearer {made.json()['key']}", **reason}
        (await client.get(f"{tenant.path}/flows", headers=as_support)).raise_for_status()
        (entry,) = await entries(client, tenant, limit=1)
    assert (entry["what"], entry["role"], entry["operation"]) == ("support comes in", "support", "flow.read")
    assert entry["about"] == {"reason": reason["Patchbay-Reason"]}


async def test_the_audit_is_read_page_by_page_and_each_tenant_reads_its_own(
    settings: Settings, new_tenant: Callable[[], Tenant]
) -> None:
    one, other = new_tenant(), new_tenant()
    async with api(settings) as client:
        for tenant in (one, other, one, other, one):
            (await client.put(tenant.path)).raise_for_status()
        owner = (await client.post(f"{one.path}/keys", json={"name": "own", "role": "owner"})).json()
        client.headers["Authorization"] = f"Bearer {owner['key']}"
        found = await entries(client, one)
        assert {entry["tenant"] for entry in found} == {one.name}
        again = ["a tenant's schema was brought up to date"] * 3
        assert [entry["what"] for entry in found] == ["a key was made", *again, "a tenant was created"]
        first = await entries(client, one, limit=2)
        assert [*first, *await entries(client, one, before=first[-1]["id"])] == found
        assert (await client.get(f"{other.path}/audit")).status_code == 404


async def test_it_is_exported_from_the_oldest_on_and_no_entry_that_comes_late_is_passed_over(
    settings: Settings, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patchbay_runtime.storage.audit_repository.SETTLED_SECONDS", 2)
    database = Database(create_engine(settings, pool_size=1), 30)
    async with api(settings) as client:
        (last,) = await entries(client, tenant, limit=1)
        async with database.transaction() as slow:
            late = Entry(tenant.name, "0" * 24, "owner", None, "run.start", "what takes long", {})
            await audit_repository.add(slow, late)
            (await client.put(tenant.path)).raise_for_status()
            assert await entries(client, tenant, after=last["id"]) == []
        found: list[dict[str, Any]] = []
        async with asyncio.timeout(60):
            while len(found) < 2:
                after = found[-1]["id"] if found else last["id"]
                found += await entries(client, tenant, after=after, limit=1)
        assert [entry["what"] for entry in found] == ["what takes long", "a tenant's schema was brought up to date"]
        assert await entries(client, tenant, after=0) == list(reversed(await entries(client, tenant)))
        first, second = found[0]["id"], found[1]["id"]
        assert await entries(client, tenant, after=first - 1, before=second) == found[:1]
    await database.close()


async def test_of_entries_that_came_together_none_is_passed_over_whose_time_is_the_later(
    settings: Settings, tenant: Tenant, mariadb_server: Mariadb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patchbay_runtime.storage.audit_repository.SETTLED_SECONDS", 3600)
    insert = "INSERT INTO audit_patchbay.entries (at, tenant, principal, role, operation, about, what) VALUES "
    for age, what in (("59 MINUTE", "one"), ("2 HOUR", "two")):
        at = f"UTC_TIMESTAMP(6) - INTERVAL {age}"
        mariadb_server.sql(f"{insert} ({at}, '{tenant.name}', 'somebody', 'owner', 'run.start', '{{}}', '{what}')")
    async with api(settings) as client:
        two, one = await entries(client, tenant, limit=2)
        assert (one["what"], two["what"]) == ("one", "two")
        assert await entries(client, tenant, after=one["id"] - 1) == []
        assert await entries(client, tenant, after=one["id"]) == [two]


async def test_what_has_just_come_is_not_exported_yet(settings: Settings, tenant: Tenant) -> None:
    async with api(settings) as client:
        assert await entries(client, tenant)
        assert await entries(client, tenant, after=0) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET what = ''",
        "DELETE FROM {}",
        "TRUNCATE {}",
        "DROP TABLE {}",
        "DROP DATABASE audit_patchbay",
        "ALTER TABLE {} DROP COLUMN what",
        "RENAME TABLE {} TO patchbay.entries",
        "CREATE TABLE audit_patchbay.other (id INT)",
        "CREATE TRIGGER audit_patchbay.t BEFORE INSERT ON {} FOR EACH ROW SET NEW.what = ''",
        "REPLACE INTO {} (id, principal) VALUES (1, '')",
        "INSERT INTO {} (principal) VALUES ('') ON DUPLICATE KEY UPDATE what = ''",
        "INSERT INTO {} (at, principal) VALUES (NOW(), '')",
        "INSERT INTO {} (id, principal) VALUES (1, '')",
        "LOCK TABLES {} WRITE",
        "GRANT DELETE ON {} TO CURRENT_USER",
    ],
)
async def test_the_runtime_s_account_can_only_add_and_read(settings: Settings, tenant: Tenant, statement: str) -> None:
    async with api(settings) as client:
        before = await entries(client, tenant)
        engine = create_engine(settings, pool_size=1)
        async with engine.connect() as connection:
            with pytest.raises(DBAPIError, match="denied"):
                await connection.execute(text(statement.format("audit_patchbay.entries")))
        await engine.dispose()
        assert await entries(client, tenant) == before != []


def test_the_cluster_s_own_database_keeps_the_audit_as_a_managed_one_does() -> None:
    made = {_plain(line) for line in BOOTSTRAP.read_text().splitlines()}
    assert {_plain(statement) for statement in audit_schema.statements("patchbay", "patchbay@'%'")} <= made


def _plain(statement: str) -> str:
    return " ".join(statement.replace("`", "").rstrip(";").split())
