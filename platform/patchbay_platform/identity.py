"""Whose word the API takes for who somebody is."""

import json
from ipaddress import ip_address
from typing import Annotated, Self
from urllib.parse import urlsplit

from patchbay_config.model import Model
from patchbay_runtime.open_id.issuer import Issuer
from pydantic import Field, ValidationError, field_validator, model_validator


class IssuerConfig(Model):
    """An OpenID provider of the internet: `issuer` as its tokens name it, and the `audience` of those for the API."""

    issuer: str
    audience: str

    @model_validator(mode="after")
    def _is_one_that_the_api_takes(self) -> Self:
        try:
            self.told()
        except ValidationError as error:
            raise ValueError("; ".join(f"{_place(one['loc'])}{one['msg']}" for one in error.errors())) from None
        parts = urlsplit(self.issuer)
        if parts.scheme != "https" or parts.port not in {None, 443} or not _is_public(str(parts.hostname)):
            raise ValueError(f"issuer: {self.issuer!r} is not at port 443 of the internet, all that the API reaches")
        return self

    def told(self) -> Issuer:
        """As the API has it."""
        return Issuer(issuer=self.issuer, audience=self.audience)


class IdentityConfig(Model):
    """`issuers`: without any, people cannot sign in, and programs come by API keys as ever."""

    issuers: Annotated[tuple[IssuerConfig, ...], Field(max_length=10)] = ()

    @field_validator("issuers")
    @classmethod
    def _each_once(cls, issuers: tuple[IssuerConfig, ...]) -> tuple[IssuerConfig, ...]:
        if len({one.issuer for one in issuers}) < len(issuers):
            raise ValueError("an issuer is named twice; remove one of them")
        return issuers

    @property
    def variables(self) -> dict[str, str]:
        """What the API's pods are told."""
        if not self.issuers:
            return {}
        told = [one.told().model_dump() for one in self.issuers]
        return {"PATCHBAY_OPENID_ISSUERS": json.dumps(told)}


def _is_public(host: str) -> bool:
    """Of a name nothing is known before it is looked up."""
    try:
        return ip_address(host).is_global
    except ValueError:
        return host != "localhost"


def _place(location: tuple[int | str, ...]) -> str:
    return f"{'.'.join(map(str, location))}: " if location else ""
