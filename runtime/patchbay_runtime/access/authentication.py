"""From a key to its principal."""

from hmac import compare_digest
from typing import Final

from patchbay_runtime.access.api_key import parse_key
from patchbay_runtime.access.principal import Principal
from patchbay_runtime.storage import api_key_repository
from patchbay_runtime.storage.database import Database

_NO_DIGEST: Final = "0" * 64
_NO_KEY: Final = "send an API key that is known here, as `Authorization: Bearer KEY`"


class UnauthenticatedError(Exception):
    """No principal: the message says what to send, and whether the key has ended to whoever has all of it."""


async def authenticate(database: Database, text: str | None) -> Principal:
    """The principal of a key. It is looked up each time, so that a revoked key ends at once.

    Raises UnauthenticatedError, and what the database raises while it is away.
    """
    key = None if text is None else parse_key(text)
    if key is None:
        raise UnauthenticatedError(_NO_KEY)
    async with database.transaction() as connection:
        found = await api_key_repository.with_digest(connection, key.id)
    stored, digest = found or (None, _NO_DIGEST)
    if not compare_digest(digest, key.digest) or stored is None:
        raise UnauthenticatedError(_NO_KEY)
    if stored.state != "live":
        raise UnauthenticatedError(f"the API key {key.id} is {stored.state}; ask for another one")
    return Principal(stored.id, stored.tenant, stored.role, stored.scopes)
