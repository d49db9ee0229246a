"""Transactions in a tenant's schema, and which faults mean what."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from patchbay_runtime.identity.credentials import AwsAwayError
from patchbay_runtime.names import tenant_schema

CLOSE_SECONDS = 1.0
# A lock whose holder's machine has vanished is free again after this time. One who works for longer loses it.
LOCK_IDLE_SECONDS = 60
LOCK_WAIT_TIMEOUT = 1205
DEADLOCK = 1213
# Refused for now: too many connections, a password that is being rotated, shutting down, killed, read-only (a writer
# that has become a replica).
UNAVAILABLE = frozenset({1040, 1045, 1053, 1290, 1792, 1927, 2002, 2003, 2006, 2013, 2014, 2055})


class Database:
    """MariaDB through one pool of connections."""

    def __init__(self, engine: AsyncEngine, timeout_seconds: float) -> None:
        self.engine = engine
        # The driver waits for ever for a server that has gone silent.
        self.timeout_seconds = timeout_seconds
        self._engines: dict[str, AsyncEngine] = {}

    @asynccontextmanager
    async def transaction(self, tenant: str | None = None) -> AsyncIterator[AsyncConnection]:
        """A transaction, committed at the end, in a tenant's schema or, without one, in the control schema."""
        engine = self.engine if tenant is None else self._engine_of(tenant)
        async with asyncio.timeout(self.timeout_seconds):
            connection = await engine.connect()
            try:
                try:
                    yield connection
                    await connection.commit()
                except Exception:
                    await connection.rollback()
                    raise
            except asyncio.CancelledError:
                # Out of time: a server that is gone would be waited for by a rollback for ever.
                await _abandon(connection)
                raise
            finally:
                await connection.close()

    @asynccontextmanager
    async def lock(self, name: ColumnElement[str]) -> AsyncIterator[bool]:
        """Whether this caller has the server's lock `name` for the block, but for LOCK_IDLE_SECONDS at most.

        A caller that goes leaves no lock behind.
        """
        async with asyncio.timeout(self.timeout_seconds):
            connection = await self.engine.connect()
        try:
            async with asyncio.timeout(self.timeout_seconds):
                await connection.execute(text(f"SET wait_timeout = {LOCK_IDLE_SECONDS}"))
                taken = await connection.scalar(select(func.get_lock(name, 0))) == 1
                await connection.commit()
            yield taken
        finally:
            # The lock goes with the connection.
            await _abandon(connection)
            await connection.close()

    def _engine_of(self, tenant: str) -> AsyncEngine:
        """The same pool, with the tenant's schema in place of `tenant`."""
        known = self._engines.get(tenant)
        if known is None:
            known = self.engine.execution_options(schema_translate_map={"tenant": tenant_schema(tenant)})
            self._engines[tenant] = known
        return known

    async def close(self) -> None:
        """Close the pool."""
        await self.engine.dispose()


async def _abandon(connection: AsyncConnection) -> None:
    """Close it without a word to the server, which may be gone."""
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await connection.invalidate()


def is_unavailable(error: BaseException) -> bool:
    """Whether MariaDB could not be reached or asked to be left alone, so that the same may succeed later."""
    if isinstance(error, OSError | TimeoutError | PoolTimeoutError | InterfaceError):
        return True
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or (isinstance(error, OperationalError) and _number(error) in UNAVAILABLE)
    return False


def outage(error: BaseException) -> str:
    """Why MariaDB is away, for the log: the server's or TLS' own words, which at these numbers quote no data."""
    if isinstance(error, AwsAwayError):
        return str(error)
    if isinstance(error, DBAPIError) and _number(error) in UNAVAILABLE:
        return str(error.orig)
    return type(error).__name__


def is_contention(error: BaseException) -> bool:
    """Whether the transaction lost against another one and should be repeated at once."""
    return isinstance(error, DBAPIError) and _number(error) in {LOCK_WAIT_TIMEOUT, DEADLOCK}


def _number(error: DBAPIError) -> int | None:
    arguments = getattr(error.orig, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else None
