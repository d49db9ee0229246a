"""Schema migrations: the control schema, then every tenant's, under a lock on the database server."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from patchbay_runtime.names import tenant_schema
from patchbay_runtime.settings import Settings
from patchbay_runtime.storage.engine import create_engine

LOCK = "patchbay-migrate"
LOCK_WAIT_SECONDS = 120


class MigrationLockError(Exception):
    """Another migration holds the lock for too long."""


def migrate(settings: Settings) -> None:
    """Bring every schema to the latest revision; safe to run many times and in parallel."""
    asyncio.run(_migrate(settings))


async def _migrate(settings: Settings) -> None:
    engine = create_engine(settings, pool_size=1, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await _lock(connection)
            await connection.run_sync(_upgrade, "control")
            names = (await connection.execute(text("SELECT name FROM tenants"))).scalars().all()
            for name in names:
                await _upgrade_tenant(connection, name)
    finally:
        await engine.dispose()


async def create_tenant_schema(settings: Settings, tenant: str) -> None:
    """Create a tenant's schema, if need be, and bring it to the latest revision."""
    engine: AsyncEngine = create_engine(settings, pool_size=1, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await _lock(connection)
            await connection.execute(
                text(f"CREATE DATABASE IF NOT EXISTS `{tenant_schema(tenant)}` CHARACTER SET utf8mb4")
            )
            await _upgrade_tenant(connection, tenant)
    finally:
        await engine.dispose()


async def _lock(connection: AsyncConnection) -> None:
    """Take the server-wide lock; it goes with the connection, so a killed migration leaves none behind."""
    taken = await connection.scalar(text("SELECT GET_LOCK(:name, :wait)"), {"name": LOCK, "wait": LOCK_WAIT_SECONDS})
    if taken != 1:
        raise MigrationLockError(f"another migration has held the lock {LOCK!r} for {LOCK_WAIT_SECONDS} s")


async def _upgrade_tenant(connection: AsyncConnection, tenant: str) -> None:
    await connection.execute(text(f"USE `{tenant_schema(tenant)}`"))
    await connection.run_sync(_upgrade, "tenant")


def _upgrade(connection: Connection, kind: Literal["control", "tenant"]) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / kind))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    with _environment(config, script) as environment:
        environment.configure(connection=connection, transaction_per_migration=True)
        environment.run_migrations()
    connection.commit()


@contextmanager
def _environment(config: Config, script: ScriptDirectory) -> Iterator[EnvironmentContext]:
    def to_head(revision: object, _context: object) -> list[object]:
        return list(script._upgrade_revs("head", revision))  # type: ignore[arg-type]

    with EnvironmentContext(config, script, fn=to_head) as environment:
        yield environment
