"""Where the exchange does not end as it should, what the tenant had is not dropped."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from patchbay_operations.restore.database import Database, DatabaseError, LostError
from patchbay_operations.restore.put_back import PutBackError, put_back

LOST = LostError("mariadb: ERROR 2013 (HY000) at line 1: Lost connection to server during query")
REFUSED = DatabaseError("mariadb: ERROR 1205 (HY000) at line 1: Lock wait timeout exceeded")


@dataclass(frozen=True)
class Server(Database):
    """One table `runs` in every schema that is asked for. `moves`: whether the exchange is carried out all the same."""

    user: str = "example"
    failure: DatabaseError | None = None
    moves: bool = False
    said: list[str] = field(default_factory=list)

    def query(self, statements: str, *, schema: str = "") -> list[list[str]]:
        assert not schema
        self.said.append(statements.strip())
        if "RENAME TABLE" in statements and self.failure:
            raise self.failure
        if "information_schema.schemata" in statements:
            return [["utf8mb4", "utf8mb4_bin"]]
        if "information_schema.tables" in statements:
            return [["runs"]] if self.moves or "'before_restore_" not in statements else []
        if "COUNT" in statements:
            return [["3"]]
        return [["runs", "77"]] if "CHECKSUM" in statements else []

    def dump(self, words: object, target: Path) -> None:
        assert words
        target.touch()

    def load(self, source: Path, *, schema: str = "") -> None:
        assert source.exists()
        assert schema == "restored_tenant_example"

    def dropped(self) -> list[str]:
        return [one.split("`")[1] for one in self.said if one.startswith("DROP DATABASE")]


def test_a_refused_exchange_leaves_nothing_behind() -> None:
    live = Server(failure=REFUSED)
    with pytest.raises(DatabaseError, match="Lock wait timeout"):
        put_back(Server(), live, "tenant_example")
    assert live.dropped() == ["before_restore_tenant_example", "restored_tenant_example"]


@pytest.mark.parametrize(
    "live", [Server(failure=LOST), Server(failure=REFUSED, moves=True)], ids=["connection-lost", "moved-all-the-same"]
)
def test_tables_that_may_be_the_tenants_own_are_kept_and_that_is_told(live: Server) -> None:
    with pytest.raises(PutBackError, match=r"not known .* before_restore_tenant_example"):
        put_back(Server(), live, "tenant_example")
    assert "before_restore_tenant_example" not in live.dropped()


def test_the_exchange_does_not_let_the_tenant_wait_for_a_day() -> None:
    # lock_wait_timeout is 86400 s unless set (MariaDB's reference of server variables).
    live = Server()
    put_back(Server(), live, "tenant_example")
    (exchange,) = (one for one in live.said if "RENAME" in one)
    assert exchange.startswith("SET lock_wait_timeout = 60; RENAME TABLE ")


@pytest.mark.parametrize(
    ("script", "lost"), [("ERROR 2013 (HY000) at line 1: Lost", True), ("ERROR 1205 (HY000)", False)]
)
def test_a_lost_connection_is_told_from_a_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, lost: bool
) -> None:
    program = tmp_path / "mariadb"
    program.write_text(f"#!/bin/sh\necho '{script}' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(DatabaseError) as failed:
        Database("example").query("SELECT 1")
    assert isinstance(failed.value, LostError) is lost


def test_a_program_that_does_not_end_counts_as_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("mariadb", 1)

    monkeypatch.setattr(subprocess, "run", late)
    with pytest.raises(LostError, match="took longer"):
        Database("example").query("SELECT 1")
