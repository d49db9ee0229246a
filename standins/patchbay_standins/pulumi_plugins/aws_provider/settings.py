"""The provider's configuration."""

import ipaddress
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import urlsplit

from patchbay_standins.pulumi_plugins.aws_provider.sdk import provider_endpoints
from patchbay_standins.pulumi_plugins.plugin.errors import SettingsError

# The stand-in does none of what these skip.
_WITHOUT_EFFECT: Final = (
    "skipCredentialsValidation",
    "skipMetadataApiCheck",
    "skipRegionValidation",
    "skipRequestingAccountId",
)
# The engine's own.
_OF_THE_ENGINE: Final = ("version", "pluginDownloadURL", "pluginChecksums", "__internal")


@dataclass(frozen=True, slots=True)
class Settings:
    """The provider's settings. `endpoints`: a URL by the service's boto3 name."""

    region: str
    endpoints: Mapping[str, str]
    access_key: str = "emulated"
    secret_key: str = field(default="emulated", repr=False)
    token: str | None = field(default=None, repr=False)
    allowed_accounts: tuple[str, ...] = ()
    forbidden_accounts: tuple[str, ...] = ()
    default_tags: Mapping[str, str] = field(default_factory=dict)
    path_style: bool = False

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Settings from the provider's inputs, which hold everything but text as JSON in a string.

        Credentials are only taken from there: those of the user's surroundings are never shown to an emulator.
        Raises SettingsError.
        """
        read = _Reader({name: value for name, value in values.items() if name not in _OF_THE_ENGINE})
        for name in _WITHOUT_EFFECT:
            read.take(name, bool, False)
        settings = cls(
            region=read.take("region", str, "") or _region(),
            endpoints=_endpoints(read.take("endpoints", list, [])),
            access_key=read.take("accessKey", str, "") or "emulated",
            secret_key=read.take("secretKey", str, "") or "emulated",
            token=read.take("token", str, "") or None,
            allowed_accounts=tuple(read.take("allowedAccountIds", list, [])),
            forbidden_accounts=tuple(read.take("forbiddenAccountIds", list, [])),
            default_tags=read.take("defaultTags", dict, {}).get("tags") or {},
            path_style=read.take("s3UsePathStyle", bool, False),
        )
        read.finish()
        return settings


class _Reader:
    """Takes the values one by one, and refuses what is left: a program would silently miss it."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def take(self, name: str, kind: type, default: Any) -> Any:
        value = self._values.pop(name, None)
        if value is None or value == "":
            return default
        if isinstance(value, str) and kind is not str:
            try:
                value = json.loads(value)
            except ValueError:
                raise SettingsError(name, f"must be of type {kind.__name__}") from None
        if not isinstance(value, kind):
            raise SettingsError(name, f"must be of type {kind.__name__}, not {type(value).__name__}")
        return value

    def finish(self) -> None:
        for name in self._values:
            raise SettingsError(name, "not supported by the AWS provider's stand-in: leave it out")


def _region() -> str:
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise SettingsError("region", "is missing: set aws:region, the provider's `region` or AWS_REGION")
    return region


def _endpoints(blocks: list[Mapping[str, str]]) -> dict[str, str]:
    endpoints: dict[str, str] = {}
    for block in blocks:
        for service, url in block.items():
            path = f"endpoints.{service}"
            if service not in provider_endpoints():
                raise SettingsError(path, "there is no such service")
            if url and not _is_local(url):
                raise SettingsError(
                    path,
                    "the AWS provider's stand-in only talks to an emulator on this machine: name an http URL on a "
                    "loopback address, or install the real provider (`pulumi plugin install resource aws`) to use AWS",
                )
            if url:
                endpoints[service] = url.rstrip("/")
    if not endpoints:
        raise SettingsError(
            "endpoints",
            "is missing: the AWS provider's stand-in only talks to an emulator on this machine; set `aws.endpoint` in "
            "the stack's config, or install the real provider (`pulumi plugin install resource aws`) to use AWS",
        )
    return endpoints


def _is_local(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.username is not None or not parts.hostname:
        return False
    if parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        return False
