"""Senders of webhooks, as they sign by their own documentation.

Written from that alone, with the standard library, so that they share nothing with what is tested.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

Headers = Mapping[str, str]
Sender = Callable[[str, bytes], Headers]
"""The headers of a body, by the secret."""


def mac(secret: str, text: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.digest(secret.encode(), text, algorithm)


def key(secret: str, _body: bytes) -> Headers:
    return {"X-Webhook-Key": secret}


def basic(secret: str, _body: bytes) -> Headers:
    """RFC 7617, section 2."""
    return {"Authorization": "Basic " + base64.b64encode(f"webhook:{secret}".encode()).decode()}


def github(secret: str, body: bytes) -> Headers:
    """https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries, with the older header too."""
    older = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    return {"X-Hub-Signature": f"sha1={older}", "X-Hub-Signature-256": "sha256=" + mac(secret, body).hex()}


def stripe(secret: str, body: bytes, *, at: float | None = None) -> Headers:
    """https://docs.stripe.com/webhooks#verify-manually"""
    seconds = int(time.time() if at is None else at)
    signature = mac(secret, f"{seconds}.".encode() + body).hex()
    return {"Stripe-Signature": f"t={seconds},v1={signature}"}


def stripe_in_test_mode(secret: str, body: bytes) -> Headers:
    """Test events carry a signature of another scheme as well."""
    return {"Stripe-Signature": stripe(secret, body)["Stripe-Signature"].replace(",", f",v0={'0' * 64},")}


def stripe_while_rolling(secret: str, body: bytes) -> Headers:
    """One signature for each secret that is good, of which we know the second."""
    ours = stripe(secret, body)["Stripe-Signature"].split(",")
    other = stripe("whsec_of_the_other_one", body)["Stripe-Signature"].split(",")
    return {"Stripe-Signature": ",".join([ours[0], other[1], ours[1]])}


def shopify(secret: str, body: bytes) -> Headers:
    """https://shopify.dev/docs/apps/build/webhooks/subscribe/https"""
    return {"X-Shopify-Hmac-SHA256": base64.b64encode(mac(secret, body)).decode(), "X-Shopify-Topic": "orders/create"}


def slack(secret: str, body: bytes, *, at: float | None = None) -> Headers:
    """https://api.slack.com/authentication/verifying-requests-from-slack"""
    seconds = int(time.time() if at is None else at)
    signature = mac(secret, f"v0:{seconds}:".encode() + body).hex()
    return {"X-Slack-Request-Timestamp": str(seconds), "X-Slack-Signature": f"v0={signature}"}


def woocommerce(secret: str, body: bytes) -> Headers:
    """https://developer.woocommerce.com/docs/webhooks: the digest in base64."""
    return {"X-WC-Webhook-Signature": base64.b64encode(mac(secret, body)).decode()}


def coinify(secret: str, body: bytes) -> Headers:
    """https://coinify.readme.io/docs/webhook-signature: the digest in hex, with nothing before it."""
    return {"x-coinify-webhook-signature": mac(secret, body).hex()}


def paystack(secret: str, body: bytes) -> Headers:
    """https://paystack.com/docs/payments/webhooks: SHA-512."""
    return {"x-paystack-signature": mac(secret, body, "sha512").hex()}


def typeform(secret: str, body: bytes) -> Headers:
    """https://www.typeform.com/developers/webhooks/secure-your-webhooks: the digest in base64 behind a prefix."""
    return {"Typeform-Signature": "sha256=" + base64.b64encode(mac(secret, body)).decode()}


def custom(**settings: Any) -> dict[str, Any]:
    return {"kind": "hmac", "style": "custom", **settings}


KEY: Final = {"kind": "key"}
BASIC: Final = {"kind": "basic"}
GITHUB: Final = {"kind": "hmac", "style": "github"}
STRIPE: Final = {"kind": "hmac", "style": "stripe"}
SHOPIFY: Final = {"kind": "hmac", "style": "shopify"}
SLACK: Final = custom(
    header="X-Slack-Signature",
    prefix="v0=",
    timestamp_header="X-Slack-Request-Timestamp",
    signed="v0:{timestamp}:{body}",
)
COINIFY: Final = custom(header="X-Coinify-Webhook-Signature")

SENDERS: Final[dict[str, tuple[dict[str, Any], Sender]]] = {
    "key": (KEY, key),
    "basic": (BASIC, basic),
    "GitHub": (GITHUB, github),
    "Stripe": (STRIPE, stripe),
    "Stripe in test mode": (STRIPE, stripe_in_test_mode),
    "Stripe with two secrets": (STRIPE, stripe_while_rolling),
    "Shopify": (SHOPIFY, shopify),
    "Slack": (SLACK, slack),
    "WooCommerce": (custom(header="X-WC-Webhook-Signature", encoding="base64"), woocommerce),
    "Coinify": (COINIFY, coinify),
    "Paystack": (custom(header="x-paystack-signature", algorithm="sha512"), paystack),
    "Typeform": (custom(header="Typeform-Signature", encoding="base64", prefix="sha256="), typeform),
}
"""How the flow says that it knows them, and what they send."""
