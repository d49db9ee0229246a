"""The schemas come up by themselves, however many replicas start at once, and whatever was cut off before."""

import asyncio
import json
import subprocess
import sys
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from alembic.script import ScriptDirectory
from patchbay_runtime import migrations
from patchbay_runtime.migrations import MigrationLockError, create_tenant_schema, migrate
from patchbay_runtime.names import tenant_schema
from patchbay_runtime.settings import Settings
from patchbay_runtime.storage.database import is_unavailable
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.runtime.conftest import Tenant, environment_of, wait_until
from tests.runtime.keys import make
from tests.runtime.servers import Mariadb


def revisions(kind: str) -> list[str]:
    """Of the control schema or of tenants', the first one first."""
    script = ScriptDirectory(str(Path(migrations.__file__).parent / kind))
    return [one.revision for one in reversed(list(script.walk_revisions()))]


BEFORE_EACH = [(kind, before) for kind in ("control", "tenant") for before in [None, *revisions(kind)[:-1]]]


def shape(server: Mariadb, schema: str) -> str:
    """The columns and indexes of a schema."""
    columns = "table_name, column_name, column_type, is_nullable, column_default, extra"
    indexes = "table_name, index_name, seq_in_index, column_name, non_unique"
    return server.sql(
        f"SELECT {columns} FROM information_schema.columns WHERE table_schema = '{schema}' ORDER BY 1, 2;"  # noqa: S608 - the test's own names
        f"SELECT {indexes} FROM information_schema.statistics WHERE table_schema = '{schema}' ORDER BY 1, 2, 3"
    )


def set_revision(server: Mariadb, schema: str, revision: str | None) -> None:
    server.sql(f"DELETE FROM {schema}.alembic_version")  # noqa: S608 - the test's own name
    if revision is not None:
        server.sql(f"INSERT INTO {schema}.alembic_version VALUES ('{revision}')")  # noqa: S608 - likewise


def revision_of(server: Mariadb, schema: str) -> str:
    return server.sql(f"SELECT version_num FROM {schema}.alembic_version").strip()  # noqa: S608 - the test's own name


def test_many_replicas_may_migrate_an_empty_database_at_once(
    unmigrated_settings: Settings, lone_mariadb: Mariadb
) -> None:
    empty = unmigrated_settings.model_copy(update={"database_port": lone_mariadb.port})
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(migrate, [empty] * 6))


@pytest.fixture
def upgraded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tenants whose schemas a migration goes through, one after the other."""
    found: list[str] = []
    upgrade = migrations._upgrade_tenant

    async def noted(settings: Settings, tenant: str) -> None:
        found.append(tenant)
        await upgrade(settings, tenant)

    monkeypatch.setattr(migrations, "_upgrade_tenant", noted)
    return found


def test_only_tenants_that_are_behind_are_migrated(
    new_tenant: Callable[[], Tenant], settings: Settings, mariadb_server: Mariadb, upgraded: list[str]
) -> None:
    behind, without_a_table, _ = new_tenant(), new_tenant(), new_tenant()
    migrate(settings)
    upgraded.clear()  # what other tests have left
    set_revision(mariadb_server, tenant_schema(behind.name), revisions("tenant")[-2])
    mariadb_server.sql(f"DROP TABLE {tenant_schema(without_a_table.name)}.alembic_version")
    migrate(settings)
    assert sorted(upgraded) == sorted([behind.name, without_a_table.name])
    assert revision_of(mariadb_server, tenant_schema(without_a_table.name)) == revisions("tenant")[-1]


def test_a_database_that_goes_away_while_revisions_are_read_is_told_as_that(
    new_tenant: Callable[[], Tenant], settings: Settings, mariadb_server: Mariadb, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_tenant()
    revision = migrations._revision

    async def cut_off(connection: AsyncConnection, schema: str) -> str | None:
        number = await connection.scalar(text("SELECT CONNECTION_ID()"))
        mariadb_server.sql(f"KILL {number}")
        return await revision(connection, schema)

    monkeypatch.setattr(migrations, "_revision", cut_off)
    with pytest.raises(DBAPIError) as away:
        migrate(settings)
    assert is_unavailable(away.value)


def test_a_migration_that_has_lost_its_lock_goes_no_further(
    new_tenant: Callable[[], Tenant],
    settings: Settings,
    mariadb_server: Mariadb,
    upgraded: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = new_tenant()
    set_revision(mariadb_server, tenant_schema(one.name), revisions("tenant")[-2])
    behind = migrations._behind

    async def and_lose_the_lock(connection: AsyncConnection) -> list[str]:
        found = await behind(connection)
        await connection.scalar(text("SELECT RELEASE_LOCK(:name)"), {"name": migrations.LOCK})
        return found

    monkeypatch.setattr(migrations, "_behind", and_lose_the_lock)
    with pytest.raises(MigrationLockError, match="was lost"):
        migrate(settings)
    assert upgraded == []
    monkeypatch.undo()
    migrate(settings)
    assert revision_of(mariadb_server, tenant_schema(one.name)) == revisions("tenant")[-1]


@pytest.mark.usefixtures("workers")
def test_a_worker_that_comes_before_its_tenants_schema_is_migrated_waits_and_fails_nothing(
    tenant: Tenant, mariadb_server: Mariadb, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("patchbay_runtime.execution.executor.OLDER_SCHEMA_SECONDS", 0.2)
    pause = {"shape": "delay", "config": {"seconds": 3}, "next": "s"}
    split = {"shape": "split", "config": {"expression": "$"}, "next": "m"}
    plus_one = {"shape": "map", "config": {"expression": "$ + 1"}}
    tenant.register_steps("f", {"pause": pause, "s": split, "m": plus_one})
    run = tenant.trigger("f", [1, 2])
    rename = "ALTER TABLE {}.runs RENAME COLUMN {} TO {}"
    mariadb_server.sql(rename.format(tenant_schema(tenant.name), "processes", "of_a_later_version"))
    waiting = "the tenant's schema has not been migrated yet"
    wait_until(lambda: [record.getMessage() for record in caplog.records].count(waiting) > 1)
    assert tenant.run(run)["status"] == "running"
    mariadb_server.sql(rename.format(tenant_schema(tenant.name), "of_a_later_version", "processes"))
    assert tenant.ended(run)["output"] == [2, 3]


@pytest.mark.parametrize(("kind", "before"), BEFORE_EACH)
def test_a_revision_whose_steps_were_done_and_not_noted_is_done_again(
    tenant: Tenant, settings: Settings, mariadb_server: Mariadb, kind: str, before: str | None
) -> None:
    schema = "patchbay" if kind == "control" else tenant_schema(tenant.name)
    tenant.register_steps("f", {"m": {"shape": "map", "config": {"expression": "1"}}})
    runs = [tenant.trigger("f", {})]
    # Once it is listed it has its place, from the counter that must go on.
    assert [one["run"] for one in tenant.client.get(f"{tenant.path}/runs").json()["runs"]] == runs
    whole = shape(mariadb_server, schema)
    assert whole
    set_revision(mariadb_server, schema, before)
    migrate(settings)
    assert shape(mariadb_server, schema) == whole
    assert revision_of(mariadb_server, schema) == revisions(kind)[-1]
    runs.append(tenant.trigger("f", {}))
    assert {one["run"] for one in tenant.client.get(f"{tenant.path}/runs").json()["runs"]} == set(runs)


def test_a_revision_that_was_cut_off_between_its_steps_is_completed(
    tenant: Tenant, settings: Settings, mariadb_server: Mariadb
) -> None:
    schema = tenant_schema(tenant.name)
    whole = shape(mariadb_server, schema)
    mariadb_server.sql(
        f"DROP INDEX of_run ON {schema}.processes; DROP INDEX one_run_per_place ON {schema}.runs;"  # noqa: S608 - the test's own names
        f" ALTER TABLE {schema}.processes DROP COLUMN shown_size; DELETE FROM {schema}.run_counter"
    )
    set_revision(mariadb_server, schema, None)
    migrate(settings)
    assert sorted(shape(mariadb_server, schema).splitlines()) == sorted(whole.splitlines())
    assert mariadb_server.sql(f"SELECT id, last FROM {schema}.run_counter") == "1\t0\n"  # noqa: S608 - the test's own name


def test_keys_that_are_there_get_their_ends_from_the_migration(
    tenant: Tenant, settings: Settings, mariadb_server: Mariadb
) -> None:
    path = f"{tenant.path}/keys"
    ended, live = make(tenant.client, path, "viewer"), make(tenant.client, path, "viewer")
    tenant.client.delete(f"{path}/{ended['id']}").raise_for_status()
    mariadb_server.sql(
        "ALTER TABLE patchbay.api_keys DROP INDEX of_tenant_by_end; ALTER TABLE patchbay.api_keys DROP COLUMN ends_at"
    )
    set_revision(mariadb_server, "patchbay", "0002")
    migrate(settings)
    listed = tenant.client.get(path).json()["keys"]
    assert [(key["id"], key["state"]) for key in listed] == [(live["id"], "live"), (ended["id"], "revoked")]


class Column(NamedTuple):
    """As `information_schema` has it; `default`: empty where there is none."""

    type: str
    collation: str
    nullable: str
    default: str
    extra: str

    @property
    def may_be_left_out(self) -> bool:
        """By a writer that does not know it."""
        return self.nullable == "YES" or self.default != "" or "GENERATED" in self.extra


def columns(server: Mariadb, schema: str) -> dict[tuple[str, str], Column]:
    """By table and name."""
    rows = server.sql(
        "SELECT table_name, column_name, column_type, IFNULL(collation_name, ''), is_nullable,"  # noqa: S608 - the test's own name
        f" IFNULL(column_default, ''), extra FROM information_schema.columns WHERE table_schema = '{schema}'"
    )
    found = {}
    for row in rows.splitlines():
        table, name, *declared = row.split("\t")
        found[table, name] = Column(*declared)
    return found


def unique_indexes(server: Mariadb, schema: str) -> dict[tuple[str, str], set[str]]:
    """Their columns, by table and index."""
    rows = server.sql(
        "SELECT table_name, index_name, column_name FROM information_schema.statistics"  # noqa: S608 - the test's own name
        f" WHERE table_schema = '{schema}' AND NOT non_unique"
    )
    found: dict[tuple[str, str], set[str]] = {}
    for row in rows.splitlines():
        table, index, column = row.split("\t")
        found.setdefault((table, index), set()).add(column)
    return found


@pytest.mark.parametrize(("kind", "before"), [(kind, before) for kind, before in BEFORE_EACH if before is not None])
def test_the_release_before_a_revision_finds_its_columns_and_may_leave_out_the_new_ones(
    settings: Settings, mariadb_server: Mariadb, monkeypatch: pytest.MonkeyPatch, kind: str, before: str
) -> None:
    name = f"revisions-{uuid.uuid4().hex[:12]}"
    schema = tenant_schema(name)
    mariadb_server.sql(f"CREATE DATABASE {schema} CHARACTER SET utf8mb4")
    of_schema = settings.model_copy(
        update={"database_name": schema, "administrator_key_file": None, "sealing_key_file": None}
    )

    def bring_up() -> None:
        if kind == "control":
            migrate(of_schema)
        else:
            asyncio.run(create_tenant_schema(settings, name))

    to_newest = ScriptDirectory._upgrade_revs
    with monkeypatch.context() as only_to:
        only_to.setattr(ScriptDirectory, "_upgrade_revs", lambda self, _, current: to_newest(self, before, current))
        bring_up()
    assert revision_of(mariadb_server, schema) == before
    old_columns, old_unique = columns(mariadb_server, schema), unique_indexes(mariadb_server, schema)
    bring_up()
    assert revision_of(mariadb_server, schema) == revisions(kind)[-1]
    new_columns, new_unique = columns(mariadb_server, schema), unique_indexes(mariadb_server, schema)
    assert old_columns.items() <= new_columns.items()
    tables = {table for table, _ in old_columns}
    added = {key: column for key, column in new_columns.items() if key not in old_columns and key[0] in tables}
    assert [key for key, column in added.items() if not column.may_be_left_out] == []
    # Who does not know a column leaves NULL in it, which no unique index takes for a second one.
    unknown = {key for key, column in added.items() if column.default == "NULL"}
    stricter = {key: of for key, of in new_unique.items() if key not in old_unique and key[0] in tables}
    assert [key for key, of in stricter.items() if not unknown & {(key[0], column) for column in of}] == []
    assert old_unique.items() <= new_unique.items()


@pytest.mark.parametrize("kind", ["control", "tenant"])
def test_a_schema_of_a_later_release_is_left_alone_and_told(
    tenant: Tenant, settings: Settings, mariadb_server: Mariadb, kind: str
) -> None:
    schema = "patchbay" if kind == "control" else tenant_schema(tenant.name)
    set_revision(mariadb_server, schema, "9999")
    try:
        command = [sys.executable, "-m", "patchbay_runtime", "migrate", "--wait", "60"]
        ended = subprocess.run(command, env=environment_of(settings), capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        (line,) = [one for one in map(json.loads, ended.stderr.splitlines()) if "newer than" in one["message"]]
        assert line["message"] == "the schema is newer than this program, left alone"
        assert (line["schema"], line["revisions"]) == (schema, ["9999"])
        assert revision_of(mariadb_server, schema) == "9999"
        # A control schema that is newer keeps no tenant's from being made, and one of a tenant is not touched by it.
        asyncio.run(create_tenant_schema(settings, tenant.name))
        assert tenant.client.put(tenant.path).status_code == 200
        assert tenant.client.put(f"{tenant.path}-b").status_code == 201
        assert revision_of(mariadb_server, tenant_schema(f"{tenant.name}-b")) == revisions("tenant")[-1]
        assert revision_of(mariadb_server, schema) == "9999"
    finally:
        set_revision(mariadb_server, schema, revisions(kind)[-1])


@pytest.mark.usefixtures("workers")
def test_a_worker_without_a_table_of_its_tenant_waits_and_fails_nothing(
    tenant: Tenant, mariadb_server: Mariadb, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("patchbay_runtime.execution.executor.OLDER_SCHEMA_SECONDS", 0.2)
    pause = {"shape": "delay", "config": {"seconds": 3}, "next": "m"}
    tenant.register_steps("f", {"pause": pause, "m": {"shape": "map", "config": {"expression": "$ + 1"}}})
    run = tenant.trigger("f", 1)
    rename = "RENAME TABLE {0}.{1} TO {0}.{2}"
    mariadb_server.sql(rename.format(tenant_schema(tenant.name), "processes", "of_a_later_version"))
    waiting = "the tenant's schema has not been migrated yet"
    wait_until(lambda: [record.getMessage() for record in caplog.records].count(waiting) > 1)
    mariadb_server.sql(rename.format(tenant_schema(tenant.name), "of_a_later_version", "processes"))
    assert tenant.ended(run)["output"] == 2
