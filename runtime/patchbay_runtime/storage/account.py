"""The runtime's own account in a managed database: rights on its own schemas only, entered by an AWS identity."""

import asyncio

from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from patchbay_runtime.settings import Settings, SettingsError, read_secret
from patchbay_runtime.storage.engine import admin_url, connect_arguments

# What migrations and the runtime's statements need. RDS' administrator cannot hand on ALL, as it does not hold ALL.
_RIGHTS = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES"


def make_account(settings: Settings) -> None:
    """Make the control schema and the account that `settings` name, as the administrator; run again, nothing changes.

    Raises SettingsError, and SQLAlchemy's errors while the database is away or refuses.
    """
    if settings.database_admin_secret is None:
        raise SettingsError("PATCHBAY_DATABASE_ADMIN_SECRET: not set; name the directory of the mounted secret")
    if not settings.database_iam:
        raise SettingsError("PATCHBAY_DATABASE_IAM: not set; an account with a password is not made by this command")
    asyncio.run(_make(settings, *_administrator(settings)))


def _administrator(settings: Settings) -> tuple[str, str]:
    directory = settings.database_admin_secret
    assert directory is not None  # noqa: S101 - checked by the caller
    username, password = (
        read_secret("PATCHBAY_DATABASE_ADMIN_SECRET", directory / name) for name in ("username", "password")
    )
    return username, password


async def _make(settings: Settings, user: str, password: str) -> None:
    engine = create_async_engine(
        admin_url(settings, user, password), poolclass=NullPool, connect_args=connect_arguments(settings)
    )
    try:
        async with engine.connect() as connection:
            for statement in _statements(settings):
                await connection.execute(text(statement))
    finally:
        await engine.dispose()


def _statements(settings: Settings) -> list[str]:
    # Both names are letters, digits and underscores. In a grant an underscore stands for any character.
    schema, account = settings.database_name, f"'{settings.database_user}'@'%'"
    pattern = schema.replace("_", r"\_")
    return [
        f"CREATE DATABASE IF NOT EXISTS `{schema}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        f"CREATE USER IF NOT EXISTS {account} IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL",
        f"GRANT {_RIGHTS} ON `{pattern}`.* TO {account}",
        rf"GRANT {_RIGHTS} ON `tenant\_%`.* TO {account}",
    ]
