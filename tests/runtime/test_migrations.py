"""The schemas come up by themselves, however many replicas start at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from patchbay_runtime.migrations import migrate
from patchbay_runtime.names import tenant_schema
from patchbay_runtime.settings import Settings

from tests.runtime.conftest import Mariadb, Tenant, wait_until


def test_many_replicas_may_migrate_an_empty_database_at_once(unmigrated_settings: Settings) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(migrate, [unmigrated_settings] * 6))


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
