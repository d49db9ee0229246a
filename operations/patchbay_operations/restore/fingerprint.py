"""What a schema holds: rows and checksum of each table, by which two of them are compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from patchbay_operations.restore.database import Database

_SYSTEM: Final = ("information_schema", "mysql", "performance_schema", "sys")

_TABLES: Final = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = '{}' AND table_type = 'BASE TABLE' ORDER BY table_name
"""
_COUNT: Final = "SELECT COUNT(*) FROM {}"
_CHECKSUM: Final = "CHECKSUM TABLE {} EXTENDED"


@dataclass(frozen=True)
class Content:
    """Of one table. `checksum`: MariaDB's own over all rows (CHECKSUM TABLE ... EXTENDED)."""

    rows: int
    checksum: str


Fingerprint = Mapping[str, Content]


def tables(database: Database, schema: str) -> list[str]:
    """Of the schema, sorted. What is no table of rows, such as a view, is none."""
    return [row[0] for row in database.query(_TABLES.format(schema))]


def schemas(database: Database) -> list[str]:
    """All but the server's own."""
    names = (row[0] for row in database.query("SHOW DATABASES"))
    return [name for name in names if name not in _SYSTEM]


def fingerprint(database: Database, schema: str) -> Fingerprint:
    """Of every table."""
    return {table: _content(database, f"`{schema}`.`{table}`") for table in tables(database, schema)}


def differences(wanted: Fingerprint, found: Fingerprint) -> list[str]:
    """Each table in which they differ, in one line."""
    result = []
    for table in sorted({*wanted, *found}):
        there, here = wanted.get(table), found.get(table)
        if there is None or here is None:
            result.append(f"{table}: {'missing' if here is None else 'not expected'}")
        elif there.rows != here.rows:
            result.append(f"{table}: {here.rows} rows in place of {there.rows}")
        elif there.checksum != here.checksum:
            result.append(f"{table}: other content in {here.rows} rows")
    return result


def _content(database: Database, table: str) -> Content:
    ((rows,),) = database.query(_COUNT.format(table))
    ((_, checksum),) = database.query(_CHECKSUM.format(table))
    return Content(int(rows), checksum)
