"""What the runtime shows to Redis, made anew for each connection: passwords are rotated, tokens expire."""

import asyncio
from pathlib import Path

from redis.credentials import CredentialProvider

from patchbay_runtime.identity.credentials import pod_credentials
from patchbay_runtime.identity.tokens import cache_token
from patchbay_runtime.settings import Settings, read_secret


class PasswordFile(CredentialProvider):
    """A user (Redis' default user where None) with the password that the file holds at that time."""

    def __init__(self, user: str | None, file: Path) -> None:
        self._user = user
        self._file = file

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """Raises SettingsError."""
        password = read_secret("PATCHBAY_REDIS_PASSWORD_FILE", self._file)
        return (password,) if self._user is None else (self._user, password)

    async def get_credentials_async(self) -> tuple[str] | tuple[str, str]:
        """The same: a mounted Secret lies in memory."""
        return self.get_credentials()


class PodIdentity(CredentialProvider):
    """A user of ElastiCache that the pod's AWS identity may connect as."""

    def __init__(self, user: str, *, region: str, cache: str) -> None:
        self._user = user
        self._region = region
        self._cache = cache

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """The user and a token; may ask the node's agent. Raises IdentityError."""
        token = cache_token(pod_credentials(), region=self._region, cache=self._cache, user=self._user)
        return self._user, token

    async def get_credentials_async(self) -> tuple[str] | tuple[str, str]:
        """The same, beside the event loop."""
        return await asyncio.to_thread(self.get_credentials)


def credentials_of(settings: Settings) -> CredentialProvider | None:
    """None where Redis asks for none. Raises SettingsError for a file that cannot be read."""
    if settings.redis_iam_cache is not None:
        return PodIdentity(settings.redis_user or "", region=settings.aws_region or "", cache=settings.redis_iam_cache)
    if settings.redis_password_file is None:
        return None
    provider = PasswordFile(settings.redis_user, settings.redis_password_file)
    provider.get_credentials()
    return provider
