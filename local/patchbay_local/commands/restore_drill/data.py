"""What the drill writes, and knows without asking a database: two tenants, before a moment and after it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from patchbay_operations.restore.database import Database

SPOILED: Final = "tenant_example_spoiled"
OTHER: Final = "tenant_example_other"
ROWS: Final = 200
_TABLES: Final = """
CREATE TABLE `{0}`.runs (id CHAR(32) PRIMARY KEY, status VARCHAR(10) NOT NULL, created_at DATETIME(6) NOT NULL
    DEFAULT CURRENT_TIMESTAMP(6));
CREATE TABLE `{0}`.processes (id CHAR(32) PRIMARY KEY, run CHAR(32) NOT NULL, payload LONGTEXT, INDEX of_run (run));
CREATE TABLE `{0}`.flow_versions (flow VARCHAR(40), version INT, document LONGTEXT NOT NULL,
    PRIMARY KEY (flow, version));
INSERT INTO `{0}`.flow_versions VALUES ('orders', 1, '{{"start": "receive"}}');
"""
_SPOILING: Final = """
UPDATE runs SET status = 'lost';
DELETE FROM processes WHERE id LIKE 'before%';
DROP TABLE flow_versions;
CREATE TABLE unwanted (id INT PRIMARY KEY)
"""
_NEW_RUNS: Final = "INSERT INTO runs (id, status) VALUES"
_NEW_PROCESSES: Final = "INSERT INTO processes (id, run, payload) VALUES"
_PATIENCE_SECONDS: Final = 10.0


@dataclass
class Written:
    """Ids of runs by when they were written."""

    before: set[str] = field(default_factory=set)
    after: set[str] = field(default_factory=set)


def make(database: Database, schema: str) -> None:
    """The tenant's schema, with one flow and no run."""
    database.query(f"CREATE DATABASE `{schema}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    database.query(_TABLES.format(schema))


def write(database: Database, schema: str, mark: str, rows: int = ROWS) -> set[str]:
    """Runs, each with a process; their ids."""
    ids = [f"{mark}{number:05}" for number in range(rows)]
    database.query(_inserts(ids), schema=schema)
    return set(ids)


def spoil(database: Database) -> set[str]:
    """What a bad deployment does to a tenant: new rows, changed and deleted ones, a table gone. The new rows' ids."""
    new = write(database, SPOILED, "after")
    database.query(_SPOILING, schema=SPOILED)
    return new


def runs(database: Database, schema: str) -> set[str]:
    """The ids that a schema has."""
    return {row[0] for row in database.query("SELECT id FROM runs", schema=schema)}


def next_second(database: Database) -> int:
    """The second, since 1970, that begins after all that was written; it has begun when this returns."""
    wanted = int(float(_now(database))) + 1
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while float(_now(database)) < wanted:
        if time.monotonic() > deadline:
            raise RuntimeError("the database's clock stands still")
        time.sleep(0.02)
    return wanted


def _now(database: Database) -> str:
    ((now,),) = database.query("SELECT UNIX_TIMESTAMP(NOW(6))")
    return now


def _inserts(ids: Sequence[str]) -> str:
    """The payload has what a dump may get wrong: quotes, emoji, a backslash, a line's end."""
    made = ", ".join(f"('{one}', 'done')" for one in ids)
    payload = "CONCAT('{\"name\": \"d''Été 🚚\\\\\\\\n\", ', CHAR(10), '}')"
    children = ", ".join(f"('{one}', '{one}', {payload})" for one in ids)
    return f"{_NEW_RUNS} {made}; {_NEW_PROCESSES} {children}"
