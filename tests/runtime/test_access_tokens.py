"""Whom an access token makes known: somebody of a provider that is believed, for now, for this API, and nobody else."""

import asyncio
import base64
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from hmac import HMAC
from typing import Any

import httpx
import pytest
from patchbay_runtime.open_id.issuer import Issuer
from patchbay_runtime.open_id.keys import LARGEST_ANSWER_BYTES, Keys, KeysAwayError, Pace
from patchbay_runtime.open_id.tokens import EndedTokenError, Identity, InvalidTokenError, Tokens
from pydantic import ValidationError

from tests.runtime.open_id_provider import (
    AUDIENCE,
    Provider,
    Signer,
    ec_signer,
    ed_signer,
    part,
    rsa_signer,
    text_of,
)
from tests.runtime.queue_workers import until


class Clock:
    """The seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Judge:
    """Tokens of the providers, with a client of its own."""

    def __init__(self, *providers: Provider, pace: Pace | None = None) -> None:
        self.clock = Clock()
        self._issuers = [Issuer(issuer=one.url, audience=AUDIENCE) for one in providers]
        self._client = httpx.AsyncClient(timeout=5)
        self._tokens = Tokens(
            self._issuers, lambda issuer: Keys(issuer, lambda: self._client, pace or Pace(), self.clock)
        )

    async def identity(self, token: str) -> Identity:
        return await self._tokens.identity(token)

    async def refuses(self, token: str) -> bool:
        return await self.judged(token) == "refused"

    async def judged(self, token: str) -> str:
        try:
            await self._tokens.identity(token)
        except InvalidTokenError:
            return "refused"
        except KeysAwayError:
            return "not now"
        return "known"


@pytest.mark.parametrize(
    "signer", [rsa_signer("one"), ec_signer("one"), ed_signer("one")], ids=["RSA", "EC", "Ed25519"]
)
async def test_somebody_is_known_by_issuer_and_subject(provider: Provider, signer: Signer) -> None:
    provider.signers = [signer]
    token = provider.token("8f14e45f", email="alice@example.com", auth_time=1_700_000_000, aud=["other", AUDIENCE])
    found = await Judge(provider).identity(token)
    assert (found.issuer, found.subject, found.name) == (provider.url, "8f14e45f", "alice@example.com")
    assert found.signed_in_at is not None
    assert found.signed_in_at.isoformat() == "2023-11-14T22:13:20"


async def test_a_token_of_rfc_9068_is_taken_as_well(provider: Provider) -> None:
    signer = provider.signers[0]
    for kind in ("at+jwt", "application/at+jwt", "JWT", None):
        token = signer.token(provider.claims(typ=None), typ=kind)
        assert (await Judge(provider).identity(token)).subject == "alice"


def hmac_with(key: bytes, header: dict[str, Any], claims: dict[str, Any]) -> str:
    signed = f"{part(header)}.{part(claims)}"
    return f"{signed}.{text_of(HMAC(key, signed.encode(), sha256).digest())}"


def forged(provider: Provider) -> Iterator[tuple[str, str]]:
    """Tokens that nobody can be known by, each with what is wrong with it."""
    good, signer, stranger = provider.claims(), provider.signers[0], ec_signer("first")
    header, claims, signature = provider.token().split(".")
    public = json.dumps(signer.public()).encode()
    yield "another key", stranger.token(good)
    yield "a key that it brings along", stranger.token(good, jwk=stranger.public())
    yield "a key at an address that it names", stranger.token(good, jku=f"{provider.url}/other", x5u="http://x.example")
    yield "no signature", f"{part({'alg': 'none', 'kid': 'first'})}.{part(good)}."
    yield "no signature, in other letters", f"{part({'alg': 'nOnE', 'kid': 'first'})}.{part(good)}."
    yield "the public key as a secret", hmac_with(public, {"alg": "HS256", "kid": "first"}, good)
    yield "an empty secret", hmac_with(b"", {"alg": "HS256", "kid": "first"}, good)
    yield "another algorithm than the key's", signer.token(good, alg="RS256")
    yield "no key is named", signer.token(good, kid=None)
    yield "an unknown key is named", signer.token(good, kid="second")
    yield "a key is named by a number", signer.token(good, kid=1)
    yield "something critical", signer.token(good, crit=["b64"], b64=True)
    yield "a kind of something else", signer.token(good, typ="dpop+jwt")
    yield "other claims under the signature", f"{header}.{part({**good, 'sub': 'bob'})}.{signature}"
    yield "no signature at all", f"{header}.{claims}"
    yield "an empty signature", f"{header}.{claims}."
    yield "more behind it", f"{header}.{claims}.{signature}.x"
    yield "five parts", f"{header}.{claims}.{signature}.x.y"
    yield "claims that are no object", f"{header}.{part([good])}.{signature}"
    yield "claims that are no JSON", f"{header}.{text_of(b'{')}.{signature}"
    yield "claims as deep as can be", f"{header}.{text_of(b'[' * 5000)}.{signature}"
    yield "nothing", ""
    yield "points alone", ".."
    yield "letters of another alphabet", "ü.ü.ü"
    yield "more than there may be", signer.token(provider.claims(more="x" * 9000))


def wrong_claims(provider: Provider, other: Provider) -> Iterator[tuple[str, str]]:
    """Tokens that are well signed, and not for this."""
    now = int(time.time())
    yield "another issuer's name", provider.token(iss=other.url)
    yield "an issuer that nobody believes", provider.token(iss="https://issuer.example.com")
    yield "the issuer with a stroke behind it", provider.token(iss=f"{provider.url}/")
    yield "no issuer", provider.token(iss=None)
    yield "issuers in a list", provider.token(iss=[provider.url])
    yield "another audience", provider.token(aud="account")
    yield "other audiences", provider.token(aud=["account", "web"])
    yield "no audience", provider.token(aud=None)
    yield "an empty list of audiences", provider.token(aud=[])
    yield "the audience in capitals", provider.token(aud=AUDIENCE.upper())
    yield "the audience as the party alone", provider.token(aud=None, azp=AUDIENCE)
    yield "no subject", provider.token(sub=None)
    yield "an empty subject", provider.token(sub="")
    yield "a subject that is a number", provider.token(sub=1)
    yield "a subject that is too long", provider.token(sub="x" * 256)
    yield "a subject of other letters", provider.token(sub="älice")
    yield "a subject of two lines", provider.token(sub="alice\nbob")
    yield "no end", provider.token(exp=None)
    yield "an end in words", provider.token(exp="tomorrow")
    yield "an end that is no number", signed_raw(provider, '"exp": NaN')
    yield "a begin that is to come", provider.token(nbf=now + 120)
    yield "issued in time to come", provider.token(iat=now + 120)
    yield "not told when it was issued", provider.token(iat=None)
    yield "a subject with a space behind it", provider.token(sub="alice ")
    yield "a token that is bound to its sender", provider.token(cnf={"jkt": "x"})
    kinds: list[Any] = ["ID", "Refresh", "Offline", "Logout", ["Bearer"], {}, 1]
    for kind in kinds:
        yield f"a token of the kind {kind}", provider.token(typ=kind)
    for claim in ("nonce", "at_hash", "c_hash", "events"):
        yield f"an unnamed kind with {claim}", provider.signers[0].token({**provider.claims(typ=None), claim: "x"})


def signed_raw(provider: Provider, claim: str) -> str:
    """A token with a claim as it is written here."""
    signer = provider.signers[0]
    text = json.dumps(provider.claims(exp=None))[:-1] + f", {claim}}}"
    signed = f"{part({'alg': signer.algorithm, 'kid': signer.kid})}.{text_of(text.encode())}"
    return f"{signed}.{text_of(signer.sign(signed.encode()))}"


async def test_nobody_is_known_by_what_the_provider_did_not_sign(provider: Provider) -> None:
    judge = Judge(provider, pace=Pace(pause=0))
    assert (await judge.identity(provider.token())).subject == "alice"
    assert [what for what, token in forged(provider) if not await judge.refuses(token)] == []


async def test_nobody_is_known_by_what_was_signed_for_something_else(provider: Provider) -> None:
    other = Provider()
    judge = Judge(provider, other)
    assert [what for what, token in wrong_claims(provider, other) if not await judge.refuses(token)] == []
    # By the other one's own key it is good.
    assert (await judge.identity(other.token())).issuer == other.url
    other.close()


async def test_a_token_with_any_one_character_changed_is_refused(provider: Provider) -> None:
    judge = Judge(provider, pace=Pace(pause=0))
    token = provider.token()
    spare = _spare_bits(token)
    for place, character in enumerate(token):
        changed = token[:place] + ("A" if character != "A" else "B") + token[place + 1 :]
        assert await judge.refuses(changed) or place in spare, place


def _spare_bits(token: str) -> Sequence[int]:
    """The last characters of parts whose last bits mean nothing: what they decode to may be the same."""
    places, at = [], -1
    for one in token.split("."):
        at += len(one) + 1
        if len(one) % 4:
            places.append(at)
    return places


async def test_a_token_that_has_ended_is_told_so_once_its_signature_is_good(provider: Provider) -> None:
    judge, past = Judge(provider), int(time.time()) - 60
    with pytest.raises(EndedTokenError):
        await judge.identity(provider.token(exp=past))
    with pytest.raises(InvalidTokenError) as refused:
        await judge.identity(ec_signer("first").token(provider.claims(exp=past)))
    assert not isinstance(refused.value, EndedTokenError)
    # The clocks of two machines differ by some seconds.
    assert (await judge.identity(provider.token(exp=int(time.time()) - 5))).subject == "alice"


async def test_the_keys_are_asked_for_once_and_again_for_a_token_with_a_new_one(provider: Provider) -> None:
    judge = Judge(provider, pace=Pace(fresh=3600, pause=10))
    for _ in range(3):
        await judge.identity(provider.token())
    assert len(provider.asked) == 2
    provider.signers.insert(0, rsa_signer("second"))
    # So that tokens with keys that nobody has do not have the provider asked each time.
    assert await judge.judged(provider.token()) == "not now"
    assert len(provider.asked) == 2
    judge.clock.now += 11
    assert (await judge.identity(provider.token())).subject == "alice"
    assert len(provider.asked) == 4
    judge.clock.now += 11
    assert await judge.refuses(ec_signer("third").token(provider.claims()))
    assert len(provider.asked) == 6


async def test_a_key_that_the_provider_has_taken_back_is_good_for_an_hour_at_most(provider: Provider) -> None:
    judge = Judge(provider)
    before = provider.token()
    await judge.identity(before)
    provider.signers = [ec_signer("second")]
    judge.clock.now += 3601

    async def is_known_no_more() -> bool:
        return await judge.judged(before) != "known"

    # Nobody with a key that is known waits for the provider: the answer counts from when it has come.
    await until(is_known_no_more, 20, "the key that was taken back is known no more")
    judge.clock.now += 11
    assert await judge.refuses(before)


async def test_all_who_come_while_the_keys_are_asked_for_are_judged_by_the_answer(provider: Provider) -> None:
    judge = Judge(provider)
    assert await asyncio.gather(*(judge.judged(provider.token()) for _ in range(8))) == ["known"] * 8
    assert len(provider.asked) == 2
    provider.signers.insert(0, rsa_signer("second"))
    judge.clock.now += 11
    assert await asyncio.gather(*(judge.judged(provider.token()) for _ in range(8))) == ["known"] * 8
    assert len(provider.asked) == 4


async def test_a_new_key_cannot_be_judged_while_the_provider_is_away_and_the_last_ones_can(provider: Provider) -> None:
    judge = Judge(provider)
    known = provider.token()
    await judge.identity(known)
    provider.signers.insert(0, rsa_signer("second"))
    provider.broken = lambda _: (503, b"")
    judge.clock.now += 60
    assert [await judge.judged(token) for token in (provider.token(), known)] == ["not now", "known"]


async def test_while_the_provider_is_away_its_last_keys_are_good_for_a_day(
    provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    judge = Judge(provider)
    await judge.identity(provider.token())
    provider.broken = lambda _: (503, b"")
    for hours in (2, 23):
        judge.clock.now = 1000 + hours * 3600
        await judge.identity(provider.token())
    await until(lambda: "answers with 503" in caplog.text, 20, "the outage is in the log")
    judge.clock.now = 1000 + 25 * 3600
    with pytest.raises(KeysAwayError):
        await judge.identity(provider.token())
    provider.broken = None
    judge.clock.now += 11
    await judge.identity(provider.token())


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (lambda _: (302, b"http://127.0.0.1:9/"), "answers with 302"),
        (lambda _: (200, b"<html>"), "does not answer with JSON"),
        (lambda _: (200, b"[]"), "does not answer with a JSON object"),
        (lambda _: (200, b" " * (LARGEST_ANSWER_BYTES + 1)), "more than"),
        (lambda _: (200, b"{}"), "is another issuer's"),
        (lambda _: (200, b"[" * 100_000), "the keys of an OpenID provider cannot be had"),
    ],
)
async def test_what_is_wrong_with_a_provider_is_in_the_log_and_its_tokens_cannot_be_judged(
    provider: Provider,
    caplog: pytest.LogCaptureFixture,
    broken: Callable[[str], tuple[int, bytes]],
    told: str,
) -> None:
    provider.broken = broken
    with pytest.raises(KeysAwayError):
        await Judge(provider).identity(provider.token())
    assert told in caplog.text


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://keys.example.com/certs", "does not begin with https://"),
        ("https://x:abc/", "no address"),
        ("https://x:99999/", "no address"),
        ("https://\u200d.com/", "no address"),
        ("https://x/\0", "cannot be had"),
        (7, "has no `jwks_uri`"),
    ],
)
async def test_a_document_that_leads_to_what_gives_no_keys_is_not_followed(
    provider: Provider, caplog: pytest.LogCaptureFixture, address: Any, told: str
) -> None:
    provider.discovery = {"jwks_uri": address}
    with pytest.raises(KeysAwayError):
        await Judge(provider).identity(provider.token())
    assert told in caplog.text


@pytest.mark.parametrize("told", [10**400, -1, 253_402_300_799, "1700000000", [], None, float("1e308")])
async def test_a_time_that_cannot_have_been_is_not_taken_for_a_sign_in(provider: Provider, told: Any) -> None:
    assert (await Judge(provider).identity(provider.token(auth_time=told))).signed_in_at is None


async def test_keys_that_are_not_for_signatures_of_the_provider_alone_are_passed_over(provider: Provider) -> None:
    shared = base64.urlsafe_b64encode(b"k" * 32).decode().rstrip("=")
    encrypting, private = ec_signer("encrypting"), ec_signer("private")
    assert isinstance(private.private, type(encrypting.private))
    provider.more_keys = [
        {"kty": "oct", "kid": "shared", "k": shared, "alg": "HS256"},
        {**encrypting.public(), "use": "enc"},
        {**private.public(), "d": "AQAB"},
        {"kty": "AKP", "kid": "of-another-kind", "pub": "x"},
        {"kty": "EC", "kid": "broken", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC"},
        "no key",
    ]
    judge = Judge(provider, pace=Pace(pause=0))
    assert (await judge.identity(provider.token())).subject == "alice"
    assert await judge.refuses(hmac_with(b"k" * 32, {"alg": "HS256", "kid": "shared"}, provider.claims()))
    for signer in (encrypting, private):
        assert await judge.refuses(signer.token(provider.claims()))


async def test_without_a_provider_nobody_is_known(provider: Provider) -> None:
    assert await Judge().refuses(provider.token())


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"issuer": "http://id.example.com", "audience": "a"}, "https://"),
        ({"issuer": "https://", "audience": "a"}, "no address"),
        ({"issuer": "https://user:password@id.example.com", "audience": "a"}, "no address"),
        ({"issuer": "https://id.example.com?x=1", "audience": "a"}, "no address"),
        ({"issuer": "https://id.example.com", "audience": ""}, "audience"),
        ({"issuer": "https://id.example.com:99999", "audience": "a"}, "no address"),
        ({"issuer": "https://id.example.com\\x", "audience": "a"}, "no address"),
        ({"issuer": "https://id.example.com", "audience": "a", "secret": "x"}, "secret"),
    ],
)
def test_an_issuer_that_cannot_be_believed_is_refused_with_the_remedy(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Issuer(**given)
