"""Transactions in a tenant's schema, and which faults mean what."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from patchbay_runtime.identity.credentials import AwsAwayError
from patchbay_runtime.names import tenant_schema
from patchbay_runtime.storage.audit_schema import audit_schema
from patchbay_runtime.storage.pool_trust import READ_ONLY, Silence, error_number

CLOSE_SECONDS = 1.0
# A lock whose holder's machine has vanished is free again after this time. One who works for longer loses it.
LOCK_IDLE_SECONDS = 60
LOCK_WAIT_TIMEOUT = 1205
DEADLOCK = 1213
UNKNOWN_COLUMN = 1054
UNKNOWN_DATABASE = 1049
UNKNOWN_TABLE = 1146
# What a table that is not there is told as, where the account has rights on nothing else of its schema.
DENIED_TABLE = 1142
STATEMENT_TOO_LONG = 1969
# Refused for now: too many connections, a password that is being rotated, shutting down, killed, read-only.
UNAVAILABLE = frozenset({1040, 1045, 1053, 1927, 2002, 2003, 2006, 2013, 2014, 2055}) | READ_ONLY
# Between tries of a transaction that was lost: short at first, as most are won at the next try.
FIRST_PAUSE_SECONDS = 0.01
LONGEST_PAUSE_SECONDS = 0.5

Result = TypeVar("Result")


class Database:
    """MariaDB through one pool of connections."""

    def __init__(self, engine: AsyncEngine, timeout_seconds: float) -> None:
        self._schemas = {"audit": audit_schema(str(engine.url.database))}
        self.engine = engine.execution_options(schema_translate_map=self._schemas)
        # The driver waits for ever for a server that has gone silent.
        self.timeout_seconds = timeout_seconds
        self._engines: dict[str, AsyncEngine] = {}
        self._silence = Silence(engine)

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
                self._silence.begins()
                await _abandon(connection)
                raise
            finally:
                await connection.close()

    async def transact(self, tenant: str | None, work: Callable[[AsyncConnection], Awaitable[Result]]) -> Result:
        """Run `work` in a transaction, again where nothing of it was kept and the next try may succeed.

        That is where it lost against another one, and where the server has been demoted. A last try is begun within
        `timeout_seconds`; its error is raised.
        """
        last_try = time.monotonic() + self.timeout_seconds
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                async with self.transaction(tenant) as connection:
                    return await work(connection)
            except DBAPIError as error:
                if not (is_contention(error) or _number(error) in READ_ONLY) or time.monotonic() + pause > last_try:
                    raise
            await asyncio.sleep(pause * random.uniform(0.2, 1))  # noqa: S311 - spreads load, protects nothing
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

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
            schemas = {**self._schemas, "tenant": tenant_schema(tenant)}
            known = self.engine.execution_options(schema_translate_map=schemas)
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


def is_too_slow(error: BaseException) -> bool:
    """Whether MariaDB gave up a statement that took too long."""
    return isinstance(error, DBAPIError) and _number(error) == STATEMENT_TOO_LONG


def is_older_schema(error: BaseException) -> bool:
    """Whether a schema, table or column was asked for that is not there, or not yet."""
    missing = {UNKNOWN_DATABASE, UNKNOWN_COLUMN, UNKNOWN_TABLE, DENIED_TABLE}
    return isinstance(error, DBAPIError) and _number(error) in missing


def may_pass(error: BaseException) -> bool:
    """Whether the same may succeed later: MariaDB is away, or has too much to do or too many who want the same rows."""
    return is_unavailable(error) or is_contention(error) or is_too_slow(error)


def _number(error: DBAPIError) -> int | None:
    return error_number(error.orig)
