"""Which OpenID providers are believed."""

from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})

Text = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,255}$")]


class Issuer(BaseModel):
    """`issuer`: as its tokens name it, letter by letter. `audience`: what its tokens for this API are meant for.

    `keys_url`: where its keys are, for pods that do not reach it by its own name; without it they are found by
    discovery (https://openid.net/specs/openid-connect-discovery-1_0.html).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: Text
    audience: Text
    keys_url: Text | None = None

    @model_validator(mode="after")
    def _addresses_are_safe(self) -> Self:
        check_address("issuer", self.issuer)
        if self.keys_url is not None:
            check_address("keys_url", self.keys_url, inner=True)
        return self

    @property
    def discovery_url(self) -> str:
        """Section 4.1: the well-known path is added to the issuer's own."""
        return f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"


def check_address(field: str, url: str, *, inner: bool = False) -> None:
    """Raises ValueError unless what comes from the address is what its owner sent.

    That takes HTTPS, but on the machine itself and, where it is `inner`, to a service of the cluster.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    is_near = host in _LOOPBACK or (inner and host.endswith((".svc", ".svc.cluster.local")))
    if not host or parts.query or parts.fragment or parts.username is not None:
        raise ValueError(f"{field}: {url!r} is no address of a host and a path; correct it")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_near):
        raise ValueError(f"{field}: {url!r} does not begin with https://, so anyone on the way could give other keys")
