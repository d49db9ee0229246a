"""What the runtime's account shows to MariaDB, made anew for each connection: passwords are rotated, tokens expire."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from patchbay_runtime.identity.credentials import pod_credentials
from patchbay_runtime.identity.tokens import database_token
from patchbay_runtime.settings import Settings, read_secret


def password_of(settings: Settings) -> Callable[[], str] | Callable[[], Awaitable[str]] | None:
    """None where the server asks for no password. Raises SettingsError for a file that cannot be read."""
    if settings.database_iam:
        return partial(asyncio.to_thread, _token, settings)
    if (file := settings.database_password_file) is None:
        return None
    read = partial(read_secret, "PATCHBAY_DATABASE_PASSWORD_FILE", file)
    read()
    return read


def _token(settings: Settings) -> str:
    return database_token(
        pod_credentials(),
        region=settings.aws_region or "",
        host=settings.database_host,
        port=settings.database_port,
        user=settings.database_user,
    )
