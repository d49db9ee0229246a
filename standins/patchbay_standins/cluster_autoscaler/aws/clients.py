"""AWS clients, pointed where the cloud configuration's `ServiceOverride` sections say."""

import configparser
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config

_SECTION: Final = re.compile(r"^\s*\[\s*ServiceOverride\b", re.IGNORECASE)
_WANTED: Final = ("service", "region", "url", "signingregion")


class CloudConfigError(ValueError):
    """The cloud configuration, or what AWS needs of the environment, is incomplete."""


@dataclass(frozen=True)
class Override:
    """Where one service is called instead of at AWS."""

    service: str
    region: str
    url: str
    signing_region: str


def read_overrides(path: str) -> tuple[Override, ...]:
    """The overrides of a cloud configuration file; none without a path."""
    if not path:
        return ()
    try:
        text = Path(path).read_text()
    except OSError as error:
        raise CloudConfigError(f"--cloud-config: {path} cannot be read ({error.strerror})") from None
    return parse_overrides(text)


def parse_overrides(text: str) -> tuple[Override, ...]:
    """Sections like `[ServiceOverride "1"]` with Service, Region, URL and SigningRegion; others are left alone."""
    parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise CloudConfigError(f"--cloud-config: {type(error).__name__}: write it as an INI file") from None
    found: list[Override] = []
    for name in parser.sections():
        if not _SECTION.match(f"[{name}"):
            continue
        values = {key: (value or "").strip().strip('"') for key, value in parser.items(name)}
        if missing := [key for key in _WANTED if not values.get(key)]:
            raise CloudConfigError(f"--cloud-config: [{name}] has no {', '.join(missing)}: set it")
        found.append(Override(values["service"].lower(), values["region"], values["url"], values["signingregion"]))
    return tuple(found)


def region(environment: Mapping[str, str], overrides: tuple[Override, ...]) -> str:
    """The environment's region, else the one that the overrides agree on."""
    named = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    regions = {override.region for override in overrides}
    if named:
        return named
    if len(regions) == 1:
        return regions.pop()
    raise CloudConfigError("no AWS region: set AWS_REGION")


class Clients:
    """One client of each service that is called."""

    def __init__(self, overrides: tuple[Override, ...], user_agent: str) -> None:
        self._overrides = overrides
        self._region = region(os.environ, overrides)
        self._session = boto3.session.Session(region_name=self._region)
        self._config = Config(
            retries={"mode": "standard", "total_max_attempts": 3},
            connect_timeout=5,
            read_timeout=60,
            user_agent_extra=user_agent,
        )
        self.autoscaling = self._client("autoscaling")
        self.ec2 = self._client("ec2")
        self.eks = self._client("eks")

    def _client(self, service: str) -> Any:
        for override in self._overrides:
            if override.service == service and override.region == self._region:
                return self._session.client(  # type: ignore[call-overload] # any service by its name
                    service, endpoint_url=override.url, region_name=override.signing_region, config=self._config
                )
        return self._session.client(service, config=self._config)  # type: ignore[call-overload] # as above
