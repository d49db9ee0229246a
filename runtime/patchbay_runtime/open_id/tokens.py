"""Access tokens of OpenID providers: who somebody is, and when he or she signed in."""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from patchbay_runtime.open_id.issuer import Issuer
from patchbay_runtime.open_id.keys import Keys

LONGEST_TOKEN: Final = 8192
LEEWAY_SECONDS: Final = 30
"""By which the clocks of the provider and of this machine may differ."""

# Signatures that take the provider's own key. With a shared secret, or none, anyone could sign (RFC 8725, 2.1 and 3.1).
_ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
)  # fmt: skip
# RFC 9068, 2.1, and what came before it. A token of another kind is not for this.
_TYPES: Final = frozenset({"", "jwt", "at+jwt", "application/at+jwt"})
# What ID tokens and logout tokens have (OpenID Connect Core, 2 and 3.3.2.11; Back-Channel Logout, 2.4). Providers sign
# them by the same key, some for the same audience.
_OF_OTHER_TOKENS: Final = frozenset({"nonce", "at_hash", "c_hash", "events"})
_SUBJECT: Final = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?")


class InvalidTokenError(Exception):
    """Nobody can be known by it."""


class EndedTokenError(InvalidTokenError):
    """It was good once."""


@dataclass(frozen=True)
class Identity:
    """Somebody, whom `issuer` knows as `subject`: by both together, and by nothing else.

    `name`: for people to read; it may change, and be another's. `signed_in_at`: last, in UTC; None if it is not told.
    """

    issuer: str
    subject: str
    name: str | None
    signed_in_at: datetime | None


class Tokens:
    """Those of the `issuers`, by the keys that each has."""

    def __init__(
        self, issuers: Sequence[Issuer], keys: Callable[[Issuer], Keys], now: Callable[[], float] = time.time
    ) -> None:
        self._issuers: Mapping[str, tuple[Issuer, Keys]] = {one.issuer: (one, keys(one)) for one in issuers}
        self._now = now

    async def identity(self, text: str) -> Identity:
        """Who shows the token. Raises InvalidTokenError, and KeysAwayError where it cannot be judged now."""
        if not self._issuers or len(text) > LONGEST_TOKEN:
            raise InvalidTokenError
        from joserfc import jwt  # noqa: PLC0415 - heavy, and only needed where there are people
        from joserfc.errors import ExpiredTokenError, JoseError  # noqa: PLC0415

        header, claims = _unproven(text)
        known = self._issuers.get(str(claims.get("iss")))
        kid, kind = header.get("kid"), str(header.get("typ", "")).lower()
        if known is None or not isinstance(kid, str) or kind not in _TYPES:
            raise InvalidTokenError
        issuer, keys = known
        key = await keys.get(kid)
        if key is None:
            raise InvalidTokenError
        try:
            proven = jwt.decode(text, key, algorithms=_ALGORITHMS).claims
            _expected(issuer, int(self._now())).validate(proven)
        except ExpiredTokenError:
            raise EndedTokenError from None
        except (JoseError, ValueError, TypeError):
            raise InvalidTokenError from None
        subject = proven["sub"]
        if not _is_for_access(proven) or not _is_subject(subject):
            raise InvalidTokenError
        return Identity(issuer.issuer, subject, _name(proven), self._moment(proven.get("auth_time")))

    def _moment(self, seconds: object) -> datetime | None:
        """None where it is not told, or cannot have been yet."""
        if not isinstance(seconds, int | float) or not 0 <= seconds <= self._now() + LEEWAY_SECONDS:
            return None
        return datetime.fromtimestamp(int(seconds), UTC).replace(tzinfo=None)


def _unproven(text: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims as they are written, by which the key is chosen and nothing else."""
    from joserfc.errors import JoseError  # noqa: PLC0415 - as above
    from joserfc.jws import extract_compact  # noqa: PLC0415

    try:
        written = extract_compact(text.encode("ascii"))
        header, claims = written.headers(), json.loads(written.payload)
    except (JoseError, ValueError, TypeError, RecursionError):
        raise InvalidTokenError from None
    if not isinstance(claims, dict) or "crit" in header:
        raise InvalidTokenError
    return header, claims


def _expected(issuer: Issuer, now: int) -> Any:
    from joserfc.jwt import JWTClaimsRegistry  # noqa: PLC0415 - as above

    return JWTClaimsRegistry(
        now=now,
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer.issuer},
        aud={"essential": True, "value": issuer.audience},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )


def _is_for_access(claims: Mapping[str, Any]) -> bool:
    """Whether whoever bears it may be let in by it. `typ`: Keycloak's kind of token."""
    if "cnf" in claims:
        # Good only with a proof of its sender's own (RFC 8705, RFC 9449), which is not looked at here.
        return False
    return claims["typ"] == "Bearer" if "typ" in claims else not _OF_OTHER_TOKENS & claims.keys()


def _is_subject(subject: object) -> bool:
    """OpenID Connect Core, 2: at most 255 characters of ASCII. None ends in a space: MariaDB would not see it."""
    return isinstance(subject, str) and _SUBJECT.fullmatch(subject) is not None


def _name(claims: Mapping[str, Any]) -> str | None:
    given = (claims.get(claim) for claim in ("email", "preferred_username", "name"))
    return next((one[:255] for one in given if isinstance(one, str) and one and one.isprintable()), None)
