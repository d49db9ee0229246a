"""The runtime's own account in a managed database: rights on its own schemas only, entered by an AWS identity."""

import asyncio
import logging
import time
from typing import Final

from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from patchbay_runtime.settings import Settings, SettingsError
from patchbay_runtime.storage import audit_schema
from patchbay_runtime.storage.administrator import Administrator, new_administrator
from patchbay_runtime.storage.database import is_unavailable, outage
from patchbay_runtime.storage.engine import admin_url, connect_arguments

# What migrations and the runtime's statements need. RDS' administrator cannot hand on ALL, as it does not hold ALL.
_RIGHTS: Final = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES"
SETTLED_SECONDS: Final = 180.0
"""For which a new password is waited for; the Job of another cluster may have set its own in the meantime."""
_LOOK_SECONDS: Final = 1.0

log = logging.getLogger(__name__)


def make_account(settings: Settings, *, endpoint: str | None = None, settled_seconds: float = SETTLED_SECONDS) -> None:
    """Make the control schema and the account that `settings` name, as the administrator; run again, nothing changes.

    The administrator gets a password for this once. `endpoint`: of RDS' API, AWS' own in the region if None. Raises
    SettingsError; and what `is_unavailable` knows while RDS or the database is away or refuses.
    """
    if not settings.database_iam or settings.aws_region is None:
        raise SettingsError("PATCHBAY_DATABASE_IAM: not set; an account with a password is not made by this command")
    if settings.database_instance is None or settings.database_administrator is None:
        raise SettingsError(
            "PATCHBAY_DATABASE_INSTANCE, PATCHBAY_DATABASE_ADMINISTRATOR: not set; name the instance in RDS and its "
            "master user"
        )
    administrator = new_administrator(
        settings.database_administrator,
        instance=settings.database_instance,
        region=settings.aws_region,
        endpoint=endpoint,
    )
    asyncio.run(_make_once_it_is_taken_over(settings, administrator, settled_seconds))


async def _make_once_it_is_taken_over(settings: Settings, administrator: Administrator, seconds: float) -> None:
    give_up_at = time.monotonic() + seconds
    while True:
        try:
            return await _make(settings, administrator)
        except Exception as error:
            if not is_unavailable(error) or time.monotonic() >= give_up_at:
                raise
            log.info("waiting for the administrator's new password: %s", outage(error))
        await asyncio.sleep(_LOOK_SECONDS)


async def _make(settings: Settings, administrator: Administrator) -> None:
    url = admin_url(settings, administrator.user, administrator.password)
    engine = create_async_engine(url, poolclass=NullPool, connect_args=connect_arguments(settings))
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
        *audit_schema.statements(schema, account),
    ]
