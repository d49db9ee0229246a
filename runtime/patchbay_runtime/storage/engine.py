"""The connection pool to MariaDB."""

import asyncio
import ssl
from typing import Any

import asyncmy
from sqlalchemy import URL, Pool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from patchbay_runtime.settings import Settings, SettingsError
from patchbay_runtime.storage.password import password_of
from patchbay_runtime.storage.pool_trust import ask_before_use, end_what_is_read_only

CONNECT_TIMEOUT_SECONDS = 3
# From the first packet to a session, with the token for it. The driver waits for ever for a server that lets itself be
# reached and then says nothing.
SESSION_TIMEOUT_SECONDS = 15
# A machine that vanishes closes no connection. What it had locked is free again after this time, which is longer than
# any transaction may take.
IDLE_TRANSACTION_SECONDS = 45


def create_engine(
    settings: Settings,
    *,
    pool_size: int,
    pre_ping: bool = False,
    poolclass: type[Pool] | None = None,
    database: str | None = None,
    statement_seconds: float = 0,
) -> AsyncEngine:
    """A pool of at most `pool_size` connections to `database`, by default the control schema.

    `statement_seconds`: after which MariaDB gives up a statement, which it would go on with though nobody waits for it
    any more; 0: never.
    `pre_ping`: a connection is asked before it is used again; otherwise its first fault ends it.
    READ COMMITTED: no gap locks, so that processes of one run that end together do not block each other's inserts.
    """
    sizes = {} if poolclass else {"pool_size": pool_size, "max_overflow": 0, "pool_timeout": 30}
    arguments: dict[str, Any] = {
        "init_command": f"SET time_zone = '+00:00', idle_transaction_timeout = {IDLE_TRANSACTION_SECONDS}, "
        f"max_statement_time = {statement_seconds:g}"
    }
    if (password := password_of(settings)) is not None:
        arguments["password_creator"] = password
    engine = create_async_engine(
        _url(settings, settings.database_user, database or settings.database_name),
        poolclass=poolclass,
        pool_recycle=1800,
        # Errors are logged, and parameters are what tenants send.
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        # Transactions are always ended in the code; another ROLLBACK would cost a round trip per process.
        pool_reset_on_return=None,
        connect_args={**connect_arguments(settings), **arguments},
        **sizes,
    )
    end_what_is_read_only(engine)
    if pre_ping:
        ask_before_use(engine)
    return engine


def admin_url(settings: Settings, user: str, password: str) -> URL:
    """The server itself, as its administrator."""
    return _url(settings, user, None).set(password=password)


def connect_arguments(settings: Settings) -> dict[str, Any]:
    """How any connection is made: how long it may take, and who must vouch for the server.

    Raises SettingsError where PATCHBAY_DATABASE_CA_FILE cannot be used.
    """
    arguments: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_SECONDS, "async_creator_fn": _connect}
    if (file := settings.database_ca_file) is not None:
        try:
            arguments["ssl"] = ssl.create_default_context(cafile=file)
        except OSError as error:
            raise SettingsError(
                f"PATCHBAY_DATABASE_CA_FILE: {file} holds no certificates that can be read ({error.strerror}); mount "
                "the authorities' certificates there"
            ) from error
    return arguments


async def _connect(**arguments: Any) -> asyncmy.Connection:
    async with asyncio.timeout(SESSION_TIMEOUT_SECONDS):
        return await asyncmy.connect(**arguments)


def _url(settings: Settings, user: str, database: str | None) -> URL:
    return URL.create(
        "mysql+asyncmy",
        username=user,
        host=settings.database_host,
        port=settings.database_port,
        database=database,
        query={"charset": "utf8mb4"},
    )
