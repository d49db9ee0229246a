"""What tenants send does not come into the log with an error."""

import logging

import pytest
from patchbay_runtime.names import tenant_schema
from patchbay_runtime.settings import Settings

from tests.runtime.conftest import Tenant
from tests.runtime.in_process import api
from tests.runtime.servers import Mariadb


async def test_a_statement_that_fails_is_logged_without_its_parameters(
    settings: Settings, tenant: Tenant, mariadb_server: Mariadb, caplog: pytest.LogCaptureFixture
) -> None:
    tenant.register_steps("f", {"m": {"shape": "map", "config": {"expression": "1"}}})
    mariadb_server.sql(f"ALTER TABLE {tenant_schema(tenant.name)}.processes ADD CONSTRAINT none CHECK (id = '')")
    with caplog.at_level(logging.DEBUG):
        async with api(settings) as http:
            answer = await http.post(f"/hooks/{tenant.name}/f", json={"card": "a-tenants-secret"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal")
    text = "\n".join(f"{record.getMessage()} {record.exc_text}" for record in caplog.records)
    assert "INSERT INTO" in text
    assert "a-tenants-secret" not in text + answer.text


@pytest.mark.parametrize(
    "older",
    ["DROP TABLE {}.flow_versions", "ALTER TABLE {}.processes DROP COLUMN shown_size"],
    ids=["a table is missing", "a column is missing"],
)
async def test_a_tenant_whose_schema_is_older_than_the_program_is_told_to_try_again(
    settings: Settings, tenant: Tenant, mariadb_server: Mariadb, caplog: pytest.LogCaptureFixture, older: str
) -> None:
    tenant.register_steps("f", {"m": {"shape": "map", "config": {"expression": "1"}}})
    mariadb_server.sql(older.format(tenant_schema(tenant.name)))
    async with api(settings) as http:
        answer = await http.post(f"{tenant.path}/flows/f/runs", json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert "a schema is older than this program" in caplog.text
