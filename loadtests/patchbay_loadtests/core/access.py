"""How a load test shows a gateway who it is, and knows the gateway.

A secret comes from a file or from the environment, never from an argument, where every process of the machine can read
it. The Locust process gets those of its own as environment variables: it sends orders, and an order needs its webhook's
secret and no key of the API.
"""

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, SecretStr, field_validator

TOKEN: Final = "PATCHBAY_TOKEN"  # noqa: S105 - a variable's name
API_KEY: Final = "PATCHBAY_API_KEY"
WEBHOOK_KEY: Final = "PATCHBAY_WEBHOOK_KEY"
CA: Final = "PATCHBAY_CA"


class Access(BaseModel):
    """`token`: of `Authorization: Bearer`, a key of Patchbay's API. `webhook_key`: a webhook's secret, of orders.

    `api_key`: of `X-Api-Key`, for what stands before the gateway. `ca`: certificates that sign the gateway's.
    """

    model_config = ConfigDict(frozen=True)

    token: SecretStr | None = None
    api_key: SecretStr | None = None
    webhook_key: SecretStr | None = None
    ca: Path | None = None

    @classmethod
    def from_environment(
        cls, *, token_file: Path | None = None, api_key_file: Path | None = None, ca: Path | None = None
    ) -> Self:
        """What the files hold, or else the variables PATCHBAY_TOKEN, PATCHBAY_API_KEY and PATCHBAY_CA.

        A process of ours that sends orders has PATCHBAY_WEBHOOK_KEY besides.
        """
        return cls(
            token=_secret("token", token_file, TOKEN),
            api_key=_secret("api key", api_key_file, API_KEY),
            webhook_key=_secret("webhook key", None, WEBHOOK_KEY),
            ca=ca or (Path(os.environ[CA]) if os.environ.get(CA) else None),
        )

    def with_token(self, token: str) -> Self:
        """The same with another key of the API."""
        return self._with(token=SecretStr(token))

    def of_orders(self, webhook_key: str | None) -> Self:
        """For orders to a webhook with this secret; None: a public one."""
        return self._with(token=None, webhook_key=None if webhook_key is None else SecretStr(webhook_key))

    def _with(self, **changes: SecretStr | None) -> Self:
        return self.model_validate({name: getattr(self, name) for name in type(self).model_fields} | changes)

    @field_validator("token", "api_key", "webhook_key")
    @classmethod
    def _is_a_header(cls, secret: SecretStr | None) -> SecretStr | None:
        text = "" if secret is None else secret.get_secret_value()
        if secret is not None and not (text and text.isascii() and text.isprintable() and " " not in text):
            raise ValueError("a token or key is one line of printable characters without spaces")
        return secret

    @field_validator("ca")
    @classmethod
    def _holds_certificates(cls, ca: Path | None) -> Path | None:
        if ca is not None:
            try:
                ssl.create_default_context(cafile=ca)
            except (OSError, ssl.SSLError) as error:
                raise ValueError(f"ca: {ca} holds no certificates in PEM form ({error.strerror or error})") from None
        return ca

    def headers(self) -> dict[str, str]:
        """The headers of every request to the gateway."""
        found = {}
        if self.token is not None:
            found["Authorization"] = f"Bearer {self.token.get_secret_value()}"
        if self.api_key is not None:
            found["X-Api-Key"] = self.api_key.get_secret_value()
        if self.webhook_key is not None:
            found["X-Webhook-Key"] = self.webhook_key.get_secret_value()
        return found

    def tls(self) -> ssl.SSLContext:
        """Verifies the gateway: by `ca`, or by the certificates that the system trusts."""
        return ssl.create_default_context(cafile=self.ca)

    def environment(self) -> Mapping[str, str]:
        """That of a process of ours which shows the same, and has no other secret of this one."""
        values = {
            TOKEN: self.token and self.token.get_secret_value(),
            API_KEY: self.api_key and self.api_key.get_secret_value(),
            WEBHOOK_KEY: self.webhook_key and self.webhook_key.get_secret_value(),
            CA: self.ca and str(self.ca),
        }
        others = {name: value for name, value in os.environ.items() if name not in values}
        return {**others, **{name: value for name, value in values.items() if value}}


def _secret(name: str, file: Path | None, variable: str) -> SecretStr | None:
    if file is None:
        value = os.environ.get(variable)
        return SecretStr(value) if value else None
    try:
        return SecretStr(file.read_text().strip())
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{name}: {file} cannot be read: {type(error).__name__}") from None
