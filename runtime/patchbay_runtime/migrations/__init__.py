"""Schema migrations: the control schema, then every tenant's, under a lock on the database server.

MariaDB commits each change of a table at once, so a migration that was cut off is repeated from the start of its
revision: each step does nothing where it has been done. Revisions only add, and what they add may be left out by
whoever writes, so that a program of the release before works on the schema of the one after.
"""

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Literal

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, column, select, table, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.access import first_administrator
from patchbay_runtime.access.api_key import ApiKey
from patchbay_runtime.names import tenant_schema
from patchbay_runtime.settings import Settings
from patchbay_runtime.storage.database import is_older_schema
from patchbay_runtime.storage.engine import create_engine
from patchbay_runtime.webhooks import key_check
from patchbay_runtime.webhooks.sealing import Sealer

LOCK = "patchbay-migrate"
LOCK_WAIT_SECONDS = 120
# Less than the gateway waits for the API: what is left undone is done by the next try.
TENANT_SECONDS = 60

log = logging.getLogger(__name__)


class MigrationLockError(Exception):
    """Another migration holds the lock for too long, or has it though this one did not end."""


def migrate(settings: Settings, *, new_sealing_key: bool = False) -> None:
    """Bring every schema to the latest revision, and record the first administrator's key if there is a file with it.

    Likewise by what the sealing key is known again: with another one than before SettingsError is raised, unless
    `new_sealing_key`. A schema that is newer than this program is left alone: a pod of the release before may start in
    a roll-out. Safe to run many times and in parallel. Raises SettingsError for a file that cannot be used.
    """
    file = settings.administrator_key_file
    administrator = None if file is None else first_administrator.key_in(file)
    sealer = Sealer.of(settings) if new_sealing_key or settings.sealing_key_file is not None else None
    asyncio.run(_migrate(settings, administrator, sealer, new_sealing_key=new_sealing_key))


async def _migrate(
    settings: Settings, administrator: ApiKey | None, sealer: Sealer | None, *, new_sealing_key: bool
) -> None:
    async with _locked(settings) as connection:
        await connection.run_sync(_upgrade, "control")
        if sealer is not None:
            await key_check.record(connection, sealer, new=new_sealing_key)
        if administrator is not None:
            await first_administrator.record(connection, administrator)
        for name in await _behind(connection):
            await _keep(connection)
            await _upgrade_tenant(settings, name)


async def _behind(connection: AsyncConnection) -> list[str]:
    """The tenants whose schemas are not at this program's revision: of thousands mostly none, and each takes a
    connection of its own.
    """
    head = _scripts("tenant").get_current_head()
    names = (await connection.execute(text("SELECT name FROM tenants"))).scalars().all()
    behind = [name for name in names if await _revision(connection, tenant_schema(name)) != head]
    await connection.rollback()  # no lock of a table that was read must keep a migration waiting
    return behind


async def _revision(connection: AsyncConnection, schema: str) -> str | None:
    """None where the schema has no table of it, or is not there."""
    try:
        found: str | None = await connection.scalar(
            select(column("version_num")).select_from(table("alembic_version", schema=schema))
        )
    except DBAPIError as error:
        if not is_older_schema(error):
            raise
        return None
    return found


async def _keep(connection: AsyncConnection) -> None:
    """Have the lock's connection not fall silent, and go on only with the lock."""
    held = await connection.scalar(text("SELECT IS_USED_LOCK(:name) = CONNECTION_ID()"), {"name": LOCK})
    await connection.rollback()
    if not held:
        raise MigrationLockError(f"the lock {LOCK!r} was lost; the next migration does what is left")


async def create_tenant_schema(settings: Settings, tenant: str) -> None:
    """Create a tenant's schema, if need be, and bring it to the latest revision. One that is newer is left alone.

    Raises TimeoutError after TENANT_SECONDS: other migrations are under way, or the server has fallen silent.
    """
    async with asyncio.timeout(TENANT_SECONDS), _locked(settings) as connection:
        schema = tenant_schema(tenant)
        await connection.execute(text(f"CREATE DATABASE IF NOT EXISTS `{schema}` CHARACTER SET utf8mb4"))
        await _upgrade_tenant(settings, tenant)


@asynccontextmanager
async def _locked(settings: Settings) -> AsyncIterator[AsyncConnection]:
    """A connection with the server-wide lock, which goes with it: a killed migration leaves none behind."""
    async with _connected(settings, settings.database_name) as connection:
        parameters = {"name": LOCK, "wait": LOCK_WAIT_SECONDS}
        if await connection.scalar(text("SELECT GET_LOCK(:name, :wait)"), parameters) != 1:
            raise MigrationLockError(f"another migration has held the lock {LOCK!r} for {LOCK_WAIT_SECONDS} s")
        yield connection


async def _upgrade_tenant(settings: Settings, tenant: str) -> None:
    async with _connected(settings, tenant_schema(tenant)) as connection:
        await connection.run_sync(_upgrade, "tenant")


@asynccontextmanager
async def _connected(settings: Settings, database: str) -> AsyncIterator[AsyncConnection]:
    engine = create_engine(settings, pool_size=1, poolclass=NullPool, database=database)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, kind: Literal["control", "tenant"]) -> None:
    script = _scripts(kind)
    newer = _unknown_revisions(connection, script)
    # What was only read must not hold the steps of the migration in one transaction.
    connection.rollback()
    if newer:
        schema = connection.engine.url.database
        log.warning("the schema is newer than this program, left alone", extra={"schema": schema, "revisions": newer})
        return
    with _environment(script) as environment:
        environment.configure(connection=connection, transaction_per_migration=True)
        environment.run_migrations()
    connection.commit()


@functools.cache
def _scripts(kind: Literal["control", "tenant"]) -> ScriptDirectory:
    """The revisions, read once: each is a module that Alembic compiles and runs."""
    return ScriptDirectory(str(Path(__file__).parent / kind))


def _unknown_revisions(connection: Connection, script: ScriptDirectory) -> list[str]:
    """The schema's revisions that this program does not have."""
    known = {one.revision for one in script.walk_revisions()}
    return sorted(set(MigrationContext.configure(connection).get_current_heads()) - known)


@contextmanager
def _environment(script: ScriptDirectory) -> Iterator[EnvironmentContext]:
    def to_head(revision: object, _context: object) -> list[object]:
        return list(script._upgrade_revs("head", revision))  # type: ignore[arg-type]

    with EnvironmentContext(Config(), script, fn=to_head) as environment:
        yield environment
