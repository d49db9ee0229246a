"""The first administrator: a key in a mounted file, by which all others are made."""

import logging
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.access.api_key import ApiKey, parse_key
from patchbay_runtime.rights.roles import Role
from patchbay_runtime.settings import SettingsError, read_secret
from patchbay_runtime.storage import api_key_repository
from patchbay_runtime.storage.api_key_repository import NewKey

NAME: Final = "first-administrator"
"""Of that key, and of no other one of the platform."""

DAYS: Final = 365
_VARIABLE: Final = "PATCHBAY_ADMINISTRATOR_KEY_FILE"
_REVOKED: Final = (
    "the first administrator's key in the file is revoked, and changes nothing; "
    "unless another one has taken its place, put another one into the file"
)

log = logging.getLogger(__name__)


def key_in(file: Path) -> ApiKey:
    """The key in the file. Raises SettingsError where there is none."""
    key = parse_key(read_secret(_VARIABLE, file))
    if key is None:
        raise SettingsError(
            f"{_VARIABLE}: {file} holds no API key; put `pbk_`, 24 hexadecimal digits, `_` and 43 characters of "
            "URL-safe base64 there"
        )
    return key


async def record(connection: AsyncConnection, key: ApiKey) -> None:
    """Let the file's key be good for DAYS from now, and end those that the file had before.

    A key that was revoked stays so, and its file changes nothing: a pod may still see the file of before, whose key
    would otherwise end the one that took its place. Raises SettingsError for an id that another key has.
    """
    found = await api_key_repository.with_digest(connection, key.id)
    if found is not None:
        stored, digest = found
        if (stored.tenant, stored.name, digest) != (None, NAME, key.digest):
            raise SettingsError(f"{_VARIABLE}: the id {key.id} is another key's; put a wholly new key into the file")
        if stored.state == "revoked":
            log.warning("%s", _REVOKED, extra={"key": key.id})
            return
    await api_key_repository.revoke_others(connection, NAME, key.id)
    if found is None:
        new = NewKey(key.id, key.digest, None, NAME, Role.ADMINISTRATOR, None, DAYS, created_by=key.id)
        await api_key_repository.add(connection, new)
    else:
        await api_key_repository.extend(connection, key.id, DAYS)
    await connection.commit()
    if found is None:
        log.info("the first administrator has another key", extra={"key": key.id})
