"""Whether a request shows that its sender knows the secret.

Everything is compared as it stands, in constant time: a signature in capitals, in another encoding or with anything
around it is none. What must stand in one header must stand there once.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hmac import HMAC, compare_digest
from typing import Final

from patchbay_runtime.steps.webhook_access import (
    TOLERANCE_SECONDS,
    USER,
    AnyAccess,
    BasicAccess,
    CustomSignature,
    GithubSignature,
    KeyAccess,
    PublicAccess,
    SecretAccess,
    ShopifySignature,
    StripeSignature,
)

KEY_HEADER: Final = "X-Webhook-Key"
# Senders stay far below. More is not looked at.
_LONGEST_PROOF: Final = 2000
_SECONDS: Final = re.compile(rb"[0-9]{1,12}")
# https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
_GITHUB: Final = CustomSignature(kind="hmac", style="custom", header="X-Hub-Signature-256", prefix="sha256=")
# https://shopify.dev/docs/apps/build/webhooks/subscribe/https
_SHOPIFY: Final = CustomSignature(kind="hmac", style="custom", header="X-Shopify-Hmac-Sha256", encoding="base64")


@dataclass(frozen=True)
class Sent:
    """A request: its headers, whose names are in small letters, the values of `?key=`, and its body as it came."""

    headers: Sequence[tuple[bytes, bytes]]
    keys: Sequence[str]
    body: bytes

    def values(self, name: str) -> list[bytes]:
        """All values of a header."""
        wanted = name.lower().encode()
        return [value for header, value in self.headers if header == wanted]


def shows_key(sent: Sent) -> bool:
    """Whether there is anything to be taken for a key, be it a wrong one."""
    return bool(sent.keys or sent.values(KEY_HEADER))


def is_known(access: AnyAccess, secrets: Sequence[bytes], sent: Sent, now: float) -> bool:
    """Whether the sender knows one of the secrets; `now` in Unix seconds.

    A refused request's body is always hashed: otherwise the time that a large one takes would tell which flows there
    are, and which of them have signatures.
    """
    if isinstance(access, PublicAccess):
        return True
    return any(_fits(access, secret, sent, now) for secret in secrets)


def _fits(access: SecretAccess, secret: bytes, sent: Sent, now: float) -> bool:
    match access:
        case KeyAccess():
            _signature(secret, "sha256", sent.body)
            return _is(_once([*sent.values(KEY_HEADER), *(key.encode() for key in sent.keys)]), secret)
        case BasicAccess():
            _signature(secret, "sha256", sent.body)
            return _is(_credentials(_once(sent.values("Authorization"))), f"{USER}:".encode() + secret)
        case StripeSignature():
            return _is_stripes(secret, sent, now)
        case GithubSignature():
            return _is_signed(_GITHUB, secret, sent, now)
        case ShopifySignature():
            return _is_signed(_SHOPIFY, secret, sent, now)
        case CustomSignature():
            return _is_signed(access, secret, sent, now)


def _is_signed(access: CustomSignature, secret: bytes, sent: Sent, now: float) -> bool:
    time = b"" if access.timestamp_header is None else _seconds(sent.values(access.timestamp_header))
    before, _, after = access.pattern.replace("{timestamp}", time.decode()).partition("{body}")
    digest = _signature(secret, access.algorithm, before.encode(), sent.body, after.encode())
    text = digest.hex().encode() if access.encoding == "hex" else base64.b64encode(digest)
    signed = _is(_once(sent.values(access.header)), access.prefix.encode() + text)
    return signed and (access.timestamp_header is None or _is_recent(time, access.tolerance_seconds, now))


def _is_stripes(secret: bytes, sent: Sent, now: float) -> bool:
    """By the rules of https://docs.stripe.com/webhooks#verify-manually."""
    pairs = [item.partition(b"=") for item in _once(sent.values("Stripe-Signature")).split(b",")]
    time = _seconds([value for name, _, value in pairs if name == b"t"])
    expected = _signature(secret, "sha256", time + b".", sent.body).hex().encode()
    signed = any(_is(value, expected) for name, _, value in pairs if name == b"v1")
    return signed and _is_recent(time, TOLERANCE_SECONDS, now)


def _signature(secret: bytes, algorithm: str, *parts: bytes) -> bytes:
    made = HMAC(secret, digestmod=algorithm)
    for part in parts:
        made.update(part)
    return made.digest()


def _is(given: bytes, expected: bytes) -> bool:
    return compare_digest(given, expected)


def _once(values: Sequence[bytes]) -> bytes:
    """The only value; empty, which nothing is compared with, where there are none or several."""
    return values[0] if len(values) == 1 and len(values[0]) <= _LONGEST_PROOF else b""


def _credentials(header: bytes) -> bytes:
    """What RFC 7617 has encoded."""
    scheme, _, token = header.partition(b" ")
    if scheme.lower() != b"basic":
        return b""
    try:
        return base64.b64decode(token.strip(b" "), validate=True)
    except binascii.Error:
        return b""


def _seconds(values: Sequence[bytes]) -> bytes:
    return found if _SECONDS.fullmatch(found := _once(values)) else b""


def _is_recent(time: bytes, tolerance: int, now: float) -> bool:
    return bool(time) and abs(now - int(time)) <= tolerance
