"""The signatures that senders publish as examples are taken; what is anything else is not."""

import time
from collections.abc import Mapping
from typing import Any

import pytest
from patchbay_runtime.shapes.http_trigger import Config
from patchbay_runtime.webhooks.check import Sent, is_known

from tests.runtime import senders

SLACKS_BODY = (
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    "&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    "&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    "&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
SLACKS_TIME = 1531420618
SECRET, BODY = "a-secret-of-our-own", b'{"id": 1}'


def known(
    access: Mapping[str, Any],
    headers: senders.Headers | list[tuple[str, str]],
    body: bytes,
    *secrets: str,
    at: float | None = None,
    keys: tuple[str, ...] = (),
) -> bool:
    pairs = headers if isinstance(headers, list) else list(headers.items())
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs]
    config = Config.model_validate({"access": access})
    now = time.time() if at is None else at
    return is_known(config.access, [secret.encode() for secret in secrets or (SECRET,)], Sent(raw, keys, body), now)


@pytest.mark.parametrize(
    ("access", "secret", "body", "headers", "at"),
    [
        pytest.param(
            senders.GITHUB,
            "It's a Secret to Everybody",
            "Hello, World!",
            {"X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
            None,
            id="docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries",
        ),
        pytest.param(
            senders.SLACK,
            "8f742231b10e8888abcd99yyyzzz85a5",
            SLACKS_BODY,
            {
                "X-Slack-Request-Timestamp": str(SLACKS_TIME),
                "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
            },
            SLACKS_TIME,
            id="api.slack.com/authentication/verifying-requests-from-slack",
        ),
        pytest.param(
            senders.COINIFY,
            "my-shared-secret",
            '{"examplePayload":true}',
            {"x-coinify-webhook-signature": "bcdbb89e3031905f3cc1a20d16b5f969a17a7d8fa0c26e4a807c2193402d66f4"},
            None,
            id="coinify.readme.io/docs/webhook-signature",
        ),
    ],
)
def test_a_published_example_is_taken(
    access: Mapping[str, Any], secret: str, body: str, headers: senders.Headers, at: float | None
) -> None:
    assert known(access, headers, body.encode(), secret, at=at)
    assert not known(access, headers, body.encode() + b" ", secret, at=at)
    assert not known(access, headers, body.encode(), secret + " ", at=at)


@pytest.mark.parametrize(("access", "sign"), senders.SENDERS.values(), ids=senders.SENDERS)
def test_a_sender_is_known_by_any_secret_that_is_good_and_by_no_other(
    access: Mapping[str, Any], sign: senders.Sender
) -> None:
    headers = sign(SECRET, BODY)
    assert known(access, headers, BODY)
    assert known(access, headers, BODY, "another-secret-here", SECRET)
    assert not known(access, headers, BODY, "another-secret-here")
    assert not known(access, {}, BODY)
    assert not known(access, [*headers.items(), *headers.items()], BODY)
    assert not known(access, dict.fromkeys(headers, ""), BODY)


@pytest.mark.parametrize(
    ("access", "sign"),
    [case for case in senders.SENDERS.values() if case[0]["kind"] == "hmac"],
    ids=[name for name, case in senders.SENDERS.items() if case[0]["kind"] == "hmac"],
)
def test_a_signature_is_of_each_byte_of_the_body_and_written_in_one_way(
    access: Mapping[str, Any], sign: senders.Sender
) -> None:
    headers = sign(SECRET, BODY)
    for place in range(len(BODY)):
        changed = bytes([*BODY[:place], BODY[place] ^ 1, *BODY[place + 1 :]])
        assert not known(access, headers, changed)
    assert not known(access, headers, BODY[:-1])
    for other in (str.upper, lambda value: value[:-1], lambda value: f"{value} x", lambda value: f"\u00e4{value}"):
        assert not known(access, {name: other(value) for name, value in headers.items()}, BODY)


@pytest.mark.parametrize(("access", "sign"), [(senders.STRIPE, senders.stripe), (senders.SLACK, senders.slack)])
@pytest.mark.parametrize(("seconds", "taken"), [(-301, False), (-299, True), (299, True), (301, False)])
def test_a_request_is_good_for_five_minutes_to_both_sides(
    access: Mapping[str, Any], sign: Any, seconds: int, taken: bool
) -> None:
    now = 1_700_000_000
    assert known(access, sign(SECRET, BODY, at=now + seconds), BODY, at=now) is taken


def test_the_tolerance_of_a_sender_can_be_set() -> None:
    access, now = {**senders.SLACK, "tolerance_seconds": 10}, 1_700_000_000
    assert known(access, senders.slack(SECRET, BODY, at=now - 10), BODY, at=now)
    assert not known(access, senders.slack(SECRET, BODY, at=now - 11), BODY, at=now)


def test_an_old_signature_does_not_get_young_with_another_time() -> None:
    now = int(time.time())
    old = senders.stripe(SECRET, BODY, at=now - 1000)["Stripe-Signature"]
    for forged in (old.replace(f"t={now - 1000}", f"t={now}"), f"t={now},{old}", f"{old},t={now}"):
        assert not known(senders.STRIPE, {"Stripe-Signature": forged}, BODY)
    headers = dict(senders.slack(SECRET, BODY, at=now - 1000))
    headers["X-Slack-Request-Timestamp"] = str(now)
    assert not known(senders.SLACK, headers, BODY)


@pytest.mark.parametrize("written", ["", "+{}", " {}", "{}.0", "0x{}", "-{}", "\u0661", "1e9", "9" * 13])
def test_a_time_that_is_no_number_of_seconds_is_none(written: str) -> None:
    """Even where it is signed."""
    told = written.format(int(time.time()))
    signature = senders.mac(SECRET, f"{told}.".encode() + BODY).hex()
    headers = [("Stripe-Signature", f"t={told},v1={signature}".encode().decode("latin-1"))]
    assert not known(senders.STRIPE, headers, BODY)


@pytest.mark.parametrize("scheme", ["v0", "V1", "v2", " v1", ""])
def test_only_stripes_scheme_v1_counts(scheme: str) -> None:
    header = senders.stripe(SECRET, BODY)["Stripe-Signature"].replace("v1=", f"{scheme}=")
    assert not known(senders.STRIPE, {"Stripe-Signature": header}, BODY)


def test_the_key_is_taken_from_one_place_alone() -> None:
    assert known(senders.KEY, {}, BODY, keys=(SECRET,))
    assert not known(senders.KEY, {"X-Webhook-Key": SECRET}, BODY, keys=(SECRET,))
    assert not known(senders.KEY, {"X-Webhook-Key": ""}, BODY, keys=(SECRET,))
    assert not known(senders.KEY, {}, BODY, keys=(SECRET, SECRET))
    assert not known(senders.KEY, {}, BODY, keys=("\ufffd",))
    assert not known(senders.BASIC, {}, BODY, keys=(SECRET,))
    assert not known(senders.GITHUB, {"X-Webhook-Key": SECRET}, BODY)


def test_a_password_may_have_colons_and_the_scheme_any_case() -> None:
    secret = "a:secret:with:colons"
    header = senders.basic(secret, BODY)["Authorization"]
    assert known(senders.BASIC, {"Authorization": header}, BODY, secret)
    assert known(senders.BASIC, {"Authorization": header.replace("Basic", "bAsIc")}, BODY, secret)


@pytest.mark.parametrize(
    "value",
    [
        "Basic",
        "Basic ",
        "Basic \u00e4\u00f6",
        "Basic d2ViaG9vaw==",  # webhook
        "Basic OmEtc2VjcmV0LW9mLW91ci1vd24=",  # :SECRET
        "Basic V2ViaG9vazphLXNlY3JldC1vZi1vdXItb3du",  # Webhook:SECRET
        "Basic d2ViaG9vazphLXNlY3JldC1vZi1vdXItb3du!",
        "Basic d2ViaG9vazphLXNlY3JldC1vZi1vdXItb3duCg==",  # with a line feed
        "Bearer d2ViaG9vazphLXNlY3JldC1vZi1vdXItb3du",
        "d2ViaG9vazphLXNlY3JldC1vZi1vdXItb3du",
        f"Basic webhook:{SECRET}",
    ],
)
def test_other_credentials_are_none(value: str) -> None:
    assert known(senders.BASIC, {"Authorization": "Basic d2ViaG9vazphLXNlY3JldC1vZi1vdXItb3du"}, BODY)
    assert not known(senders.BASIC, {"Authorization": value}, BODY)


@pytest.mark.parametrize(("access", "sign"), senders.SENDERS.values(), ids=senders.SENDERS)
def test_a_huge_header_is_not_looked_at(access: Mapping[str, Any], sign: senders.Sender) -> None:
    headers = sign(SECRET, BODY)
    for filling in ("x" * 100_000, ",v1=" * 25_000, "=" * 100_000):
        assert not known(access, {name: value + filling for name, value in headers.items()}, BODY)


def test_who_is_public_needs_nothing() -> None:
    assert known({"kind": "public"}, {}, BODY)
