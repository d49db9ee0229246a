"""The first administrator's key comes from a file, and ends with it."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from patchbay_runtime.access import first_administrator
from patchbay_runtime.access.api_key import ApiKey, new_key, parse_key
from patchbay_runtime.access.authentication import UnauthenticatedError, principal_of_key
from patchbay_runtime.access.principal import Principal
from patchbay_runtime.migrations import migrate
from patchbay_runtime.rights.roles import Role
from patchbay_runtime.settings import Settings, SettingsError
from patchbay_runtime.storage import api_key_repository
from patchbay_runtime.storage.database import Database
from patchbay_runtime.storage.engine import create_engine

from tests.runtime.conftest import Tenant, environment_of
from tests.runtime.keys import PLATFORM
from tests.runtime.servers import Mariadb

DAYS_LEFT = "SELECT name, role, tenant, TIMESTAMPDIFF(DAY, NOW(6), expires_at + INTERVAL 1 HOUR) FROM patchbay.api_keys"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "administrator-key"
    file.write_text(new_key().text + "\n")
    return file


@pytest.fixture
def own(lone_mariadb: Mariadb, unmigrated_settings: Settings, key_file: Path) -> Iterator[Settings]:
    """Settings of a database with no keys."""
    yield unmigrated_settings.model_copy(
        update={"database_port": lone_mariadb.port, "administrator_key_file": key_file}
    )
    lone_mariadb.sql("DELETE FROM patchbay.api_keys")


def enter(settings: Settings, text: str) -> Principal:
    """Who comes in with the key."""

    async def ask() -> Principal:
        database = Database(create_engine(settings, pool_size=1), 30)
        try:
            key = parse_key(text)
            assert key is not None
            return await principal_of_key(database, key)
        finally:
            await database.close()

    return asyncio.run(ask())


def key_in(file: Path) -> str:
    return file.read_text().strip()


def test_the_key_in_the_file_is_an_administrators_for_a_year_from_each_migration(
    own: Settings, key_file: Path, lone_mariadb: Mariadb
) -> None:
    migrate(own)
    principal = enter(own, key_in(key_file))
    assert (principal.role, principal.tenant, principal.scopes) == (Role.ADMINISTRATOR, None, None)
    recorded = "first-administrator\tadministrator\tNULL\t365\n"
    assert lone_mariadb.sql(DAYS_LEFT) == recorded
    lone_mariadb.sql("UPDATE patchbay.api_keys SET expires_at = NOW(6) + INTERVAL 1 DAY")
    migrate(own)
    assert lone_mariadb.sql(DAYS_LEFT) == recorded


def test_many_migrations_at_once_record_it_once(own: Settings, lone_mariadb: Mariadb) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, [own] * 4))
    assert lone_mariadb.sql(DAYS_LEFT).count("first-administrator") == 1


def test_another_key_in_the_file_takes_the_place_of_the_one_before(own: Settings, key_file: Path) -> None:
    migrate(own)
    before = key_in(key_file)
    key_file.write_text(new_key().text)
    migrate(own)
    assert enter(own, key_in(key_file)).role is Role.ADMINISTRATOR
    with pytest.raises(UnauthenticatedError, match="is revoked"):
        enter(own, before)


def test_a_pod_with_the_file_of_before_does_not_end_the_key_that_took_its_place(
    own: Settings, key_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before, present = key_in(key_file), new_key().text
    for key in (before, present, before, present):
        key_file.write_text(key)
        migrate(own)
    key_file.write_text(before)
    migrate(own)
    assert "is revoked, and changes nothing" in caplog.text
    assert enter(own, present).role is Role.ADMINISTRATOR
    with pytest.raises(UnauthenticatedError, match="is revoked"):
        enter(own, before)


def test_the_file_of_before_changes_nothing_however_long_ago_its_key_ended(
    own: Settings, key_file: Path, lone_mariadb: Mariadb
) -> None:
    before, present = key_in(key_file), new_key().text
    for key in (before, present):
        key_file.write_text(key)
        migrate(own)
    lone_mariadb.sql("UPDATE patchbay.api_keys SET revoked_at = NOW(6) - INTERVAL 1 YEAR WHERE revoked_at IS NOT NULL")

    async def clean_up() -> None:
        database = Database(create_engine(own, pool_size=1), 30)
        async with database.transaction() as connection:
            await api_key_repository.delete_ended(connection, None, kept=first_administrator.NAME)
        await database.close()

    asyncio.run(clean_up())
    key_file.write_text(before)
    migrate(own)
    assert enter(own, present).role is Role.ADMINISTRATOR


def test_without_a_file_a_migration_leaves_the_keys_alone(own: Settings, key_file: Path) -> None:
    migrate(own)
    migrate(own.model_copy(update={"administrator_key_file": None}))
    assert enter(own, key_in(key_file)).role is Role.ADMINISTRATOR


def test_a_key_that_was_revoked_is_not_brought_back_by_its_file(
    own: Settings, key_file: Path, lone_mariadb: Mariadb, caplog: pytest.LogCaptureFixture
) -> None:
    migrate(own)
    lone_mariadb.sql("UPDATE patchbay.api_keys SET revoked_at = NOW(6)")
    migrate(own)
    assert "put another one into the file" in caplog.text
    with pytest.raises(UnauthenticatedError, match="is revoked"):
        enter(own, key_in(key_file))


def test_a_key_whose_id_is_another_keys_changes_nothing(own: Settings, key_file: Path) -> None:
    migrate(own)
    good = key_in(key_file)
    key_file.write_text(good[:-43] + new_key().text[-43:])
    with pytest.raises(SettingsError, match=r"PATCHBAY_ADMINISTRATOR_KEY_FILE: the id .* is another key's"):
        migrate(own)
    assert enter(own, good).role is Role.ADMINISTRATOR


@pytest.mark.parametrize("content", ["", "only-for-tests", "pbk_00_only-for-tests"])
def test_a_file_without_a_key_ends_the_migration_with_the_remedy_and_not_with_what_is_in_it(
    own: Settings, key_file: Path, content: str
) -> None:
    key_file.write_text(content)
    ended = run_migrate(own)
    assert ended.returncode == 2
    assert f"PATCHBAY_ADMINISTRATOR_KEY_FILE: {key_file} holds no API key; put " in ended.stderr
    assert "only-for-tests" not in ended.stderr + ended.stdout


def test_a_file_that_is_not_there_is_told(own: Settings, key_file: Path) -> None:
    key_file.unlink()
    ended = run_migrate(own)
    assert ended.returncode == 2
    assert f"PATCHBAY_ADMINISTRATOR_KEY_FILE: cannot read {key_file}" in ended.stderr


def test_the_migration_logs_neither_the_key_nor_its_digest(own: Settings, key_file: Path) -> None:
    key = ApiKey("", key_in(key_file))
    ended = run_migrate(own.model_copy(update={"log_level": "DEBUG"}))
    assert ended.returncode == 0, ended.stderr
    assert key.text[-43:] not in ended.stderr + ended.stdout
    assert key.digest not in ended.stderr + ended.stdout


def run_migrate(settings: Settings) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "patchbay_runtime", "migrate", "--wait", "60"]
    return subprocess.run(command, env=environment_of(settings), capture_output=True, text=True, check=False)


def test_the_api_makes_no_key_of_that_name_and_rotates_none(tenant: Tenant) -> None:
    client: httpx.Client = tenant.client
    refused = client.post(PLATFORM, json={"name": "first-administrator", "role": "administrator"})
    assert (refused.status_code, refused.json()["error"]["details"][0]["path"]) == (422, "$.name")
    keys: list[dict[str, Any]] = client.get(PLATFORM).json()["keys"]
    (first,) = [key for key in keys if key["name"] == "first-administrator"]
    answer = client.post(f"{PLATFORM}/{first['id']}/rotation")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "key_of_a_file")
    assert client.get(PLATFORM).status_code == 200
