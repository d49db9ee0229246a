"""Another sealing key than before is noticed before it seals anything."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from patchbay_runtime.migrations import migrate
from patchbay_runtime.settings import Settings, SettingsError

from tests.ports import free_port
from tests.runtime.conftest import AUTHORIZED, Program, answers, end_all, environment_of, running_api, wait_until
from tests.runtime.in_process import api
from tests.runtime.servers import HOST, START_SECONDS, Mariadb

CHECK = "SELECT id, check_value FROM patchbay.sealing_key"
REMEDIES = ("PATCHBAY_SEALING_KEY_FILE: ", "put the old key back", "`patchbay-runtime migrate --new-sealing-key`")


@pytest.fixture
def own(lone_mariadb: Mariadb, unmigrated_settings: Settings) -> Settings:
    """Settings of a database that knows their sealing key alone."""
    settings = unmigrated_settings.model_copy(update={"database_port": lone_mariadb.port})
    migrate(settings, new_sealing_key=True)
    return settings


@pytest.fixture
def other(own: Settings, tmp_path: Path) -> Settings:
    """The same with another key."""
    file = tmp_path / "another-key"
    file.write_text("ab" * 32 + "\n")
    return own.model_copy(update={"sealing_key_file": file})


def run(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "patchbay_runtime", *arguments]
    return subprocess.run(
        command, env=environment_of(settings), capture_output=True, text=True, timeout=START_SECONDS, check=False
    )


def test_what_the_key_is_known_by_is_kept_by_the_first_migration_and_tells_nothing_of_it(
    own: Settings, lone_mariadb: Mariadb
) -> None:
    lone_mariadb.sql("DELETE FROM patchbay.sealing_key")
    migrate(own)
    kept = lone_mariadb.sql(CHECK)
    migrate(own)
    assert lone_mariadb.sql(CHECK) == kept
    assert kept.startswith("1\t")
    assert own.sealing_key_file is not None
    assert own.sealing_key_file.read_text() not in kept


@pytest.mark.parametrize("command", [("migrate",), ("api", "--host", HOST, "--port", "0")], ids=["migrate", "api"])
def test_a_program_with_another_key_ends_and_says_what_to_do(
    own: Settings, other: Settings, lone_mariadb: Mariadb, command: tuple[str, ...]
) -> None:
    kept = lone_mariadb.sql(CHECK)
    ended = run(other, *command)
    assert ended.returncode == 2
    assert all(remedy in ended.stderr for remedy in REMEDIES), ended.stderr
    for settings in (own, other):
        assert settings.sealing_key_file is not None
        assert settings.sealing_key_file.read_text().strip() not in ended.stderr
    assert lone_mariadb.sql(CHECK) == kept


def test_an_api_whose_key_no_migration_has_seen_ends_and_names_the_migration(
    own: Settings, lone_mariadb: Mariadb
) -> None:
    lone_mariadb.sql("DELETE FROM patchbay.sealing_key")
    ended = run(own, "api", "--host", HOST, "--port", "0")
    assert ended.returncode == 2
    assert "PATCHBAY_SEALING_KEY_FILE: `patchbay-runtime migrate` has not seen the key" in ended.stderr


def test_another_key_is_taken_from_whoever_knows_what_it_costs(own: Settings, other: Settings, tmp_path: Path) -> None:
    assert run(other, "migrate", "--new-sealing-key").returncode == 0
    with running_api(other, tmp_path / "log"):
        pass
    migrate(other)
    with pytest.raises(SettingsError, match="put the old key back"):
        migrate(own)


def test_a_new_key_is_not_taken_without_one(own: Settings) -> None:
    with pytest.raises(SettingsError, match=r"^PATCHBAY_SEALING_KEY_FILE: not set"):
        migrate(own.model_copy(update={"sealing_key_file": None}), new_sealing_key=True)


async def test_a_replica_that_serves_stays_ready_while_a_new_key_is_brought_in(own: Settings, other: Settings) -> None:
    async with api(own) as http:
        assert (await http.get("/readyz")).status_code == 200
        ended = run(other, "migrate", "--new-sealing-key")
        assert ended.returncode == 0, ended.stderr
        assert (await http.get("/readyz")).status_code == 200


def test_an_api_that_began_without_mariadb_is_not_ready_with_another_key(
    other: Settings, lone_mariadb: Mariadb, tmp_path: Path
) -> None:
    port = free_port()
    url = f"http://{HOST}:{port}"
    lone_mariadb.stop()
    program = Program(other, "api", "--host", HOST, "--port", str(port), log=tmp_path / "log")
    try:
        try:
            wait_until(lambda: answers(f"{url}/healthz"), START_SECONDS)
        finally:
            lone_mariadb.start()
        with httpx.Client(base_url=url, headers=AUTHORIZED, timeout=30) as client:
            wait_until(lambda: client.get("/api/platform/keys").status_code == 200)
            wait_until(lambda: client.get("/readyz").json().get("error", {}).get("code") == "invalid_setting")
        assert "put the old key back" in program.log.read_text()
    finally:
        end_all([program])
