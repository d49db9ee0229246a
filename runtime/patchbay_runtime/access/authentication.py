"""From what a caller shows to who it is."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.access.api_key import ApiKey, parse_key
from patchbay_runtime.access.principal import Principal
from patchbay_runtime.open_id.tokens import EndedTokenError, Identity, InvalidTokenError, Tokens
from patchbay_runtime.storage import api_key_repository, member_repository
from patchbay_runtime.storage.database import Database
from patchbay_runtime.storage.member_repository import StoredMember

_NOT_KNOWN: Final = "send an API key or an access token that is known here, as `Authorization: Bearer ...`"


class UnauthenticatedError(Exception):
    """No principal: the message says what to send, and whether the key has ended to whoever has all of it."""


async def principal_of_key(database: Database, key: ApiKey) -> Principal:
    """The principal of a key. It is looked up each time, so that a revoked key ends at once.

    Raises UnauthenticatedError, and what the database raises while it is away.
    """
    async with database.transaction() as connection:
        found = await api_key_repository.with_digest(connection, key.id)
    stored, digest = found or (None, None)
    if not key.is_kept_as(digest) or stored is None:
        raise UnauthenticatedError(_NOT_KNOWN)
    if stored.state != "live":
        raise UnauthenticatedError(f"the API key {key.id} is {stored.state}; ask for another one")
    return Principal(stored.id, stored.tenant, stored.role, stored.scopes)


async def principal_of_id(connection: AsyncConnection, principal: str) -> Principal | None:
    """Who has the id now, a live key or a member; None if nobody has it any more."""
    found = await api_key_repository.with_digest(connection, principal)
    if found is not None:
        key = found[0]
        return Principal(key.id, key.tenant, key.role, key.scopes) if key.state == "live" else None
    member = await member_repository.by_id(connection, principal)
    return None if member is None else Principal(member.id, member.tenant, member.role)


async def member_of(database: Database, identity: Identity, tenant: str | None) -> StoredMember | None:
    """What somebody is in the tenant or else on the platform; None for a stranger. Looked up each time, as keys are."""
    async with database.transaction() as connection:
        return await member_repository.find(connection, identity.issuer, identity.subject, tenant)


async def shown(tokens: Tokens, text: str | None) -> ApiKey | Identity:
    """What a caller shows. Raises UnauthenticatedError, and KeysAwayError where a token cannot be judged now."""
    if text is None:
        raise UnauthenticatedError(_NOT_KNOWN)
    key = parse_key(text)
    if key is not None:
        return key
    try:
        return await tokens.identity(text)
    except EndedTokenError:
        raise UnauthenticatedError("the access token has ended; sign in again") from None
    except InvalidTokenError:
        raise UnauthenticatedError(_NOT_KNOWN) from None
