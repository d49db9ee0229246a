"""The drill on real servers: what it promises holds, it tells where it does not, and leaves nothing behind."""

import datetime
import io
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from patchbay_local.commands.restore_drill import backups, command, data
from patchbay_local.commands.restore_drill.command import remove_leftovers, restore_drill
from patchbay_local.commands.restore_drill.server import Server
from patchbay_local.machine.daemons import Daemon, Supervisor
from patchbay_local.machine.journal import Journal
from patchbay_operations.restore.database import Database
from patchbay_operations.restore.fingerprint import fingerprint
from patchbay_operations.restore.put_back import Names, PutBackError, put_back
from rich.console import Console

from tests.pinned_tools import program

OTHER, TENANT = data.OTHER, data.SPOILED


@pytest.fixture(scope="module")
def temporary_table() -> Iterator[Path]:
    """A file as another MariaDB of this machine has in /tmp while it describes a table."""
    with tempfile.NamedTemporaryFile(prefix="#sql-temptable-", suffix=".MAD", dir="/tmp") as file:
        yield Path(file.name)


@pytest.fixture(scope="module")
def servers(temporary_table: Path) -> Iterator[tuple[Database, Database]]:
    """The live one and the restored one."""
    assert temporary_table.exists()
    program("mariadbd")
    # Short: a socket's path has at most 107 characters.
    with tempfile.TemporaryDirectory() as short:
        journal = Journal(Path(short, "journal"))
        made = []
        try:
            for name in ("live", "restored"):
                supervisor = Supervisor(run=Path(short, "run"), logs=Path(short, "logs"), journal=journal, scope=name)
                server = Server(name, Path(short, name), supervisor)
                server.start()
                made.append(server.database)
            yield made[0], made[1]
        finally:
            journal.undo()


@pytest.fixture
def both(servers: tuple[Database, Database]) -> Iterator[tuple[Database, Database]]:
    """With the tenant in both, and another one on the live server."""
    live, copy = servers
    data.make(live, TENANT)
    data.make(live, OTHER)
    data.make(copy, TENANT)
    yield live, copy
    for database in servers:
        for schema in (TENANT, OTHER, Names(TENANT).carried, Names(TENANT).before):
            database.query(f"DROP DATABASE IF EXISTS `{schema}`")


@pytest.mark.usefixtures("servers")
def test_the_machines_other_servers_keep_their_temporary_tables(temporary_table: Path) -> None:
    assert temporary_table.exists()


def test_a_tenants_schema_is_exchanged_and_what_it_held_is_kept_beside_it(both: tuple[Database, Database]) -> None:
    live, copy = both
    good, bad = data.write(copy, TENANT, "good"), data.write(live, TENANT, "bad")
    other = fingerprint(live, OTHER)
    live.query("CREATE TABLE unwanted (id INT PRIMARY KEY)", schema=TENANT)
    assert put_back(copy, live, TENANT) == fingerprint(copy, TENANT) == fingerprint(live, TENANT)
    assert data.runs(live, TENANT) == good
    assert data.runs(live, Names(TENANT).before) == bad
    assert fingerprint(live, OTHER) == other


def test_a_tenant_that_is_gone_altogether_comes_back(both: tuple[Database, Database]) -> None:
    live, copy = both
    good = data.write(copy, TENANT, "good")
    live.query(f"DROP DATABASE `{TENANT}`")
    put_back(copy, live, TENANT)
    assert data.runs(live, TENANT) == good
    ((collation,),) = live.query("SELECT @@collation_database", schema=TENANT)
    assert collation == "utf8mb4_bin"


def test_nothing_is_changed_where_the_restored_database_has_no_such_tenant(both: tuple[Database, Database]) -> None:
    live, copy = both
    kept = data.write(live, TENANT, "kept")
    copy.query(f"DROP DATABASE `{TENANT}`")
    with pytest.raises(PutBackError, match="was the tenant made later"):
        put_back(copy, live, TENANT)
    assert data.runs(live, TENANT) == kept


def test_what_an_earlier_restore_kept_is_not_overwritten(both: tuple[Database, Database]) -> None:
    live, copy = both
    put_back(copy, live, TENANT)
    with pytest.raises(PutBackError, match="look at it, and drop it"):
        put_back(copy, live, TENANT)


@pytest.mark.parametrize("schema", ["mysql", "tenant_a`; DROP DATABASE b; --", "tenant_" + "a" * 41])
def test_only_a_tenants_schema_is_ever_put_back(schema: str) -> None:
    nowhere = Database("nobody")
    with pytest.raises(PutBackError, match="no tenant's schema"):
        put_back(nowhere, nowhere, schema)


def drilled(report: Path) -> tuple[bool, str]:
    said = io.StringIO()
    passed = restore_drill(Console(file=said, width=200), report=report)
    return passed, said.getvalue()


def leftovers() -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob(f"patchbay-restore-drill-{os.getpid()}-*"))


@pytest.mark.long
def test_the_drill_holds_what_it_promises(tmp_path: Path) -> None:
    passed, told = drilled(tmp_path / "result.json")
    assert passed, told
    assert not leftovers()


@pytest.mark.long
def test_a_restore_to_a_later_second_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = backups.DrillBackups._replay

    def late(self: backups.DrillBackups, point: datetime.datetime, target: Path) -> list[str | Path]:
        return right(self, point + datetime.timedelta(seconds=2), target)

    monkeypatch.setattr(backups.DrillBackups, "_replay", late)
    passed, told = drilled(tmp_path / "result.json")
    assert not passed
    assert "what was written after the point is not" in told
    assert not leftovers()


def test_what_a_killed_drill_left_is_ended_and_removed(tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    directory = tmp_path / f"{command._PREFIX}{gone.pid}-example"
    directory.mkdir()
    journal = Journal(directory / "journal")
    supervisor = Supervisor(run=directory / "run", logs=directory / "logs", journal=journal, scope="left")
    supervisor.ensure(Daemon(name="left", argv=("/bin/sleep", "600")))
    process = supervisor.process("left")
    assert process is not None
    remove_leftovers(tmp_path)
    assert not directory.exists()
    assert not psutil.pid_exists(process.pid) or psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE


def test_a_drill_that_runs_is_left_alone(tmp_path: Path) -> None:
    directory = tmp_path / f"{command._PREFIX}{os.getpid()}-example"
    directory.mkdir()
    remove_leftovers(tmp_path)
    assert directory.exists()


def test_what_somebody_else_put_there_is_neither_run_nor_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    # No process has that id: Linux' own limit is 2^22.
    (tmp_path / f"{command._PREFIX}4194305-a").symlink_to(elsewhere)
    remove_leftovers(tmp_path)
    theirs = tmp_path / f"{command._PREFIX}4194305-b"
    theirs.mkdir()
    monkeypatch.setattr(os, "getuid", lambda: theirs.stat().st_uid + 1)
    remove_leftovers(tmp_path)
    assert elsewhere.exists()
    assert theirs.exists()
