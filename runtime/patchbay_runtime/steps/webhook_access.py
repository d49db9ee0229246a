"""How the senders of a webhook are known: the `access` of an http-trigger."""

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, Field, PlainValidator, StringConstraints, ValidationInfo, field_validator

from patchbay_runtime.steps.config import StepConfig
from patchbay_runtime.steps.number import Whole

USER: Final = "webhook"
"""Of `basic`: the secret is the password."""
TOLERANCE_SECONDS: Final = 300
"""What Stripe's libraries and Slack's documentation take, to both sides of the clock here.

stripe/stripe-python `stripe/_webhook.py`; https://api.slack.com/authentication/verifying-requests-from-slack
"""

HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,80}$")]
Printable = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]*$", max_length=100)]


class KeyAccess(StepConfig):
    """The secret itself."""

    told: ClassVar[str] = "the secret in the header `X-Webhook-Key`, or as `?key=` of senders that have only a URL"

    kind: Literal["key"] = "key"


class BasicAccess(StepConfig):
    """The secret as a password."""

    told: ClassVar[str] = f"`Authorization: Basic` of the user `{USER}`, with the secret as the password"

    kind: Literal["basic"]


class GithubSignature(StepConfig):
    """GitHub's."""

    told: ClassVar[str] = "`X-Hub-Signature-256: sha256=HEX`"

    kind: Literal["hmac"]
    style: Literal["github"]


class StripeSignature(StepConfig):
    """Stripe's."""

    told: ClassVar[str] = (
        "`Stripe-Signature: t=SECONDS,v1=HEX` of `SECONDS.body`, at most "
        f"{TOLERANCE_SECONDS} s old; one of several `v1` is enough, other schemes are ignored"
    )

    kind: Literal["hmac"]
    style: Literal["stripe"]


class ShopifySignature(StepConfig):
    """Shopify's."""

    told: ClassVar[str] = "`X-Shopify-Hmac-Sha256: BASE64`"

    kind: Literal["hmac"]
    style: Literal["shopify"]


class CustomSignature(StepConfig):
    """A signature in a header of its own, and the sender's clock in Unix seconds in another one.

    `signed`: what is signed, with `{body}` and, where there is a clock, `{timestamp}` in it.
    """

    told: ClassVar[str] = "the signature in `header`, after `prefix`"

    kind: Literal["hmac"]
    style: Literal["custom"]
    header: HeaderName
    algorithm: Literal["sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: Printable = ""
    timestamp_header: HeaderName | None = None
    tolerance_seconds: Whole = Field(default=TOLERANCE_SECONDS, ge=1, le=3600)
    signed: Printable | None = None

    @property
    def pattern(self) -> str:
        """`signed`, or what is usual."""
        if self.signed is not None:
            return self.signed
        return "{body}" if self.timestamp_header is None else "{timestamp}.{body}"

    @field_validator("timestamp_header")
    @classmethod
    def _another_header(cls, name: str | None, info: ValidationInfo) -> str | None:
        if name is not None and name.lower() == str(info.data.get("header")).lower():
            raise ValueError("the signature's own header; name the one that holds the time alone")
        return name

    @field_validator("tolerance_seconds")
    @classmethod
    def _of_a_clock(cls, seconds: int, info: ValidationInfo) -> int:
        if info.data.get("timestamp_header", "") is None:
            raise ValueError("there is no time to be tolerant of; name the sender's `timestamp_header`, or remove it")
        return seconds

    @field_validator("signed")
    @classmethod
    def _covers_all(cls, signed: str | None, info: ValidationInfo) -> str | None:
        if signed is None:
            return None
        if signed.count("{body}") != 1:
            raise ValueError("must have {body} in it once")
        wanted = info.data.get("timestamp_header", "")
        if wanted is None and "{timestamp}" in signed:
            raise ValueError("has {timestamp} in it; name the header that it comes in as `timestamp_header`")
        if wanted and signed.count("{timestamp}") != 1:
            raise ValueError("must have {timestamp} in it once: a time that is not signed can be replaced by any other")
        return signed


class PublicAccess(StepConfig):
    """Nothing."""

    told: ClassVar[str] = "nothing: anyone may start runs, and there is no secret"

    kind: Literal["public"]


Signature = GithubSignature | StripeSignature | ShopifySignature | CustomSignature
SecretAccess = KeyAccess | BasicAccess | Signature
AnyAccess = SecretAccess | PublicAccess

SIGNATURES: Final[dict[str, type[Signature]]] = {
    "github": GithubSignature,
    "stripe": StripeSignature,
    "shopify": ShopifySignature,
    "custom": CustomSignature,
}
KINDS: Final[dict[str, type[KeyAccess | BasicAccess | PublicAccess]]] = {
    "key": KeyAccess,
    "basic": BasicAccess,
    "public": PublicAccess,
}


class _Kind(BaseModel):
    kind: Literal["key", "basic", "hmac", "public"]


class _Style(BaseModel):
    style: Literal["github", "stripe", "shopify", "custom"]


def _read(value: Any, info: ValidationInfo) -> AnyAccess:
    # A union that pydantic chooses from puts the names of its members into the places of faults.
    if isinstance(value, AnyAccess):
        return value
    kind = _Kind.model_validate(value).kind
    if kind == "hmac":
        return SIGNATURES[_Style.model_validate(value).style].model_validate(value, context=info.context)
    return KINDS[kind].model_validate(value, context=info.context)


Access = Annotated[AnyAccess, PlainValidator(_read)]
"""The setting; a fault is told at its own place."""
