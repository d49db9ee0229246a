"""The connection pool to MariaDB."""

from sqlalchemy import URL, Pool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from patchbay_runtime.settings import Settings

CONNECT_TIMEOUT_SECONDS = 3


def database_url(settings: Settings, database: str | None = None) -> URL:
    """The URL of `database`, by default the control schema."""
    return URL.create(
        "mysql+asyncmy",
        username=settings.database_user,
        password=settings.database_password(),
        host=settings.database_host,
        port=settings.database_port,
        database=database or settings.database_name,
        query={"charset": "utf8mb4"},
    )


def create_engine(
    settings: Settings,
    *,
    pool_size: int,
    pre_ping: bool = False,
    poolclass: type[Pool] | None = None,
    database: str | None = None,
) -> AsyncEngine:
    """A pool of at most `pool_size` connections to `database`, by default the control schema.

    READ COMMITTED: no gap locks, so that processes of one run that end together do not block each other's inserts.
    """
    sizes = {} if poolclass else {"pool_size": pool_size, "max_overflow": 0, "pool_timeout": 30}
    return create_async_engine(
        database_url(settings, database),
        poolclass=poolclass,
        pool_pre_ping=pre_ping,
        pool_recycle=1800,
        isolation_level="READ COMMITTED",
        # Transactions are always ended in the code; another ROLLBACK would cost a round trip per process.
        pool_reset_on_return=None,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_SECONDS, "init_command": "SET time_zone = '+00:00'"},
        **sizes,
    )
