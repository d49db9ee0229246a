"""Whose word the API takes for who somebody is."""

import json
from typing import Annotated, Self
from urllib.parse import urlsplit

from patchbay_config.model import Model
from patchbay_runtime.open_id.issuer import Issuer
from pydantic import Field, ValidationError, field_validator, model_validator


class IssuerConfig(Model):
    """An OpenID provider: `issuer` as its tokens name it, and the `audience` that its tokens for the API have.

    `keys_url`: where its keys are, for a provider in the cluster; found by discovery without it.
    """

    issuer: str
    audience: str
    keys_url: str | None = None

    @model_validator(mode="after")
    def _is_one_that_the_api_takes(self) -> Self:
        try:
            self.told()
        except ValidationError as error:
            raise ValueError("; ".join(f"{_place(one['loc'])}{one['msg']}" for one in error.errors())) from None
        return self

    def told(self) -> Issuer:
        """As the API has it."""
        return Issuer(issuer=self.issuer, audience=self.audience, keys_url=self.keys_url)

    @property
    def is_on_the_internet(self) -> bool:
        """Whether its keys are asked for there."""
        return urlsplit(self.keys_url or self.issuer).scheme == "https"


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
    def asks_the_internet(self) -> bool:
        """Whether the API has to reach a provider outside of the cluster."""
        return any(one.is_on_the_internet for one in self.issuers)

    @property
    def variables(self) -> dict[str, str]:
        """What the API's pods are told."""
        if not self.issuers:
            return {}
        told = [one.told().model_dump(exclude_none=True) for one in self.issuers]
        return {"PATCHBAY_OPENID_ISSUERS": json.dumps(told)}


def _place(location: tuple[int | str, ...]) -> str:
    return f"{'.'.join(map(str, location))}: " if location else ""
