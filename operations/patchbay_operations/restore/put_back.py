"""A tenant's schema out of a restored database into the live one, which serves all other tenants meanwhile."""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from patchbay_operations.restore.database import Database, DatabaseError, LostError
from patchbay_operations.restore.fingerprint import Fingerprint, differences, fingerprint, schemas, tables

# patchbay_runtime.names: a tenant's name has up to 40 letters, digits and hyphens.
_TENANTS_SCHEMA: Final = re.compile(r"tenant_[a-z][a-z0-9_]{0,39}")
_LOCK_SECONDS: Final = 60
_CHARACTER_SET: Final = """
SELECT default_character_set_name, default_collation_name FROM information_schema.schemata WHERE schema_name = '{}'
"""


class PutBackError(Exception):
    """Why the live schema was left as it is, or what is to be looked at."""


@dataclass(frozen=True)
class Names:
    """Of the schema, of what is carried over, and of what was there. PutBackError for one that is no tenant's."""

    live: str

    def __post_init__(self) -> None:
        # Statements are made of it; with what is put before it, it keeps to MariaDB's 64 characters.
        if not _TENANTS_SCHEMA.fullmatch(self.live):
            raise PutBackError(f"{self.live}: no tenant's schema; name one as it stands there, such as tenant_example")

    @property
    def carried(self) -> str:
        return f"restored_{self.live}"

    @property
    def before(self) -> str:
        return f"before_restore_{self.live}"


def put_back(copy: Database, live: Database, schema: str) -> Fingerprint:
    """What the live schema then holds, equal to the copy's. PutBackError before anything of it is changed."""
    names = Names(schema)
    _require_room(live, names)
    wanted = fingerprint(copy, schema)
    if not wanted:
        raise PutBackError(f"{schema}: the restored database has no tables in it; was the tenant made later?")
    live.query(f"CREATE DATABASE `{names.carried}` {_character_set(copy, schema)}")
    try:
        _carry(copy, live, schema, names.carried)
        if faults := differences(wanted, fingerprint(live, names.carried)):
            raise PutBackError(f"{schema}: not carried over whole: {'; '.join(faults)}")
        _exchange(live, names, sorted(wanted))
    finally:
        live.query(f"DROP DATABASE `{names.carried}`")
    return fingerprint(live, schema)


def _require_room(live: Database, names: Names) -> None:
    there = schemas(live)
    for name in (names.carried, names.before):
        if name in there:
            raise PutBackError(f"{name}: there already, from an earlier restore; look at it, and drop it")


def _character_set(database: Database, schema: str) -> str:
    ((character_set, collation),) = database.query(_CHARACTER_SET.format(schema))
    return f"CHARACTER SET {character_set} COLLATE {collation}"


def _carry(copy: Database, live: Database, schema: str, target: str) -> None:
    with tempfile.TemporaryDirectory(prefix="patchbay-restore-") as directory:
        file = Path(directory, "schema.sql")
        copy.dump([schema], file)
        live.load(file, schema=target)


def _exchange(live: Database, names: Names, restored: list[str]) -> None:
    """All tables in one statement, which is taken back where one of them cannot be moved, and waits for transactions.

    It waits for a minute: whoever comes after it waits behind it. Where the server does not say how it ended, what may
    be the tenant's own tables is kept. Source: MariaDB's reference, "RENAME TABLE".
    """
    present = tables(live, names.live)
    live.query(
        f"CREATE DATABASE IF NOT EXISTS `{names.live}` {_character_set(live, names.carried)};"
        f"CREATE DATABASE `{names.before}` {_character_set(live, names.carried)}"
    )
    moves = [f"`{names.live}`.`{table}` TO `{names.before}`.`{table}`" for table in present]
    moves += [f"`{names.carried}`.`{table}` TO `{names.live}`.`{table}`" for table in restored]
    try:
        live.query(f"SET lock_wait_timeout = {_LOCK_SECONDS}; RENAME TABLE {', '.join(moves)}")
    except DatabaseError as error:
        if isinstance(error, LostError) or tables(live, names.before):
            raise PutBackError(
                f"{names.live}: it is not known whether its tables were exchanged ({error}); look at them, and at "
                f"those of {names.before}, which are the tenant's own of before, and drop that only when it is empty"
            ) from error
        live.query(f"DROP DATABASE `{names.before}`")
        raise
