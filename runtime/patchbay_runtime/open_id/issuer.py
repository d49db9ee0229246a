"""Which OpenID providers are believed."""

import re
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

_HOST: Final = re.compile(r"[A-Za-z0-9.:-]+")
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})

Text = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,255}$")]


class Issuer(BaseModel):
    """`issuer`: as its tokens name it, letter by letter. `audience`: what its tokens for this API are meant for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: Text
    audience: Text

    @model_validator(mode="after")
    def _address_is_safe(self) -> Self:
        check_address("issuer", self.issuer)
        return self

    @property
    def discovery_url(self) -> str:
        """OpenID Connect Discovery 1.0, 4.1: the well-known path is added to the issuer's own."""
        return f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"


def check_address(field: str, url: str) -> None:
    """Raises ValueError unless what comes from it is what its owner sent: that takes HTTPS, but on loopback."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not _HOST.fullmatch(host) or _port(url) == 0 or parts.query or parts.fragment or parts.username is not None:
        raise ValueError(f"{field}: {url!r} is no address of a host and a path; correct it")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise ValueError(f"{field}: {url!r} does not begin with https://, so anyone on the way could give other keys")


def _port(url: str) -> int | None:
    """0 for what can be none."""
    try:
        return urlsplit(url).port
    except ValueError:
        return 0
