"""The public keys of an OpenID provider."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from patchbay_runtime.open_id.issuer import Issuer, check_address

if TYPE_CHECKING:
    import httpx
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    PublicKey = RSAKey | ECKey | OKPKey

LARGEST_ANSWER_BYTES: Final = 2**18
TIMEOUT_SECONDS: Final = 5.0

log = logging.getLogger(__name__)


class KeysAwayError(Exception):
    """The provider's keys have never been had, and cannot be had now."""


@dataclass(frozen=True)
class Pace:
    """`fresh`: for which what was fetched is not asked for again, unless a token has a key that is not among it.

    `pause`: the least time between two tries. `kept`: for which the last keys are good while the provider is away.
    """

    fresh: float = 3600
    pause: float = 10
    kept: float = 24 * 3600


USUAL_PACE: Final = Pace()


class Asker:
    """The client that providers are asked with: made once there is one to ask."""

    def __init__(self) -> None:
        self._client: httpx.AsyncClient | None = None

    def client(self) -> "httpx.AsyncClient":
        """A redirect is not followed: keys come from where they are said to be."""
        import httpx  # noqa: PLC0415 - heavy, and only needed where there are people

        if self._client is None:
            self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False)
        return self._client

    async def close(self) -> None:
        """End its connections."""
        if self._client is not None:
            await self._client.aclose()


class Keys:
    """Fetched as they are needed, by one request for all; only who has a token with an unknown key waits for it."""

    def __init__(
        self,
        issuer: Issuer,
        client: "Callable[[], httpx.AsyncClient]",
        pace: Pace = USUAL_PACE,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._client = client
        self._pace = pace
        self._now = now
        self._keys: Mapping[str, PublicKey] = {}
        self._had_at: float | None = None
        self._had = 0
        self._tried_at: float | None = None
        self._fetching: asyncio.Task[None] | None = None

    async def get(self, kid: str) -> "PublicKey | None":
        """The key of that id; None where the provider has said, since the call, that it has none.

        Raises KeysAwayError where it has not.
        """
        had = self._had
        if self._is_wanted(kid):
            fetching = self._fetching or self._begin()
            if not self._are_good() or kid not in self._keys:
                await asyncio.shield(fetching)
        if not self._are_good() or (kid not in self._keys and self._had == had):
            raise KeysAwayError(self._issuer.issuer)
        return self._keys.get(kid)

    def _are_good(self) -> bool:
        return self._had_at is not None and self._now() - self._had_at <= self._pace.kept

    def _begin(self) -> "asyncio.Task[None]":
        self._fetching = asyncio.create_task(self._fetch())
        return self._fetching

    def _is_wanted(self, kid: str) -> bool:
        if self._fetching is not None:
            return True
        now = self._now()
        if self._tried_at is not None and now - self._tried_at < self._pace.pause:
            return False
        return self._had_at is None or now - self._had_at >= self._pace.fresh or kid not in self._keys

    async def _fetch(self) -> None:
        import httpx  # noqa: PLC0415 - as above

        self._tried_at = self._now()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                self._keys = _usable(await self._get(await self._address()))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, RecursionError) as error:
            reason = str(error) or type(error).__name__
            extra = {"issuer": self._issuer.issuer}
            log.warning("the keys of an OpenID provider cannot be had: %s", reason, extra=extra)
        else:
            self._had_at = self._now()
            self._had += 1
        finally:
            self._fetching = None

    async def _address(self) -> str:
        document = await self._get(self._issuer.discovery_url)
        if document.get("issuer") != self._issuer.issuer:
            raise ValueError(f"{self._issuer.discovery_url} is another issuer's, {document.get('issuer')!r}")
        address = document.get("jwks_uri")
        if not isinstance(address, str):
            raise ValueError(f"{self._issuer.discovery_url} has no `jwks_uri`")  # noqa: TRY004 - as of its other faults
        check_address("jwks_uri", address)
        return address

    async def _get(self, url: str) -> dict[str, Any]:
        body = bytearray()
        # Packed, a little would unpack to more than there may be.
        plain = {"Accept": "application/json", "Accept-Encoding": "identity"}
        async with self._client().stream("GET", url, headers=plain) as answer:
            if answer.status_code != 200:
                raise ValueError(f"{url} answers with {answer.status_code}")
            async for chunk in answer.aiter_raw():
                body += chunk
                if len(body) > LARGEST_ANSWER_BYTES:
                    raise ValueError(f"{url} answers with more than {LARGEST_ANSWER_BYTES} bytes")
        try:
            document = json.loads(body)
        except ValueError:
            raise ValueError(f"{url} does not answer with JSON") from None
        if not isinstance(document, dict):
            raise ValueError(f"{url} does not answer with a JSON object")  # noqa: TRY004 - likewise
        return document


def _usable(document: Mapping[str, Any]) -> "dict[str, PublicKey]":
    """The keys by which the provider signs, by their ids. What is of another kind is passed over (RFC 7517, 5)."""
    from joserfc.errors import JoseError  # noqa: PLC0415 - as above
    from joserfc.jwk import ECKey, OKPKey, RSAKey  # noqa: PLC0415

    kinds: dict[str, type[RSAKey | ECKey | OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise ValueError("there is no list of `keys`")  # noqa: TRY004 - likewise
    found: dict[str, PublicKey] = {}
    for one in listed:
        if not isinstance(one, dict) or one.get("use", "sig") != "sig" or not isinstance(one.get("kid"), str):
            continue
        kind = kinds.get(str(one.get("kty")))
        # A private key there is no secret any more, so nothing that it signs counts.
        if kind is None or "d" in one:
            continue
        try:
            found[one["kid"]] = kind.import_key(one)
        except (JoseError, ValueError, TypeError, KeyError):
            log.warning("an OpenID provider has a key that cannot be read", extra={"kid": one["kid"]})
    return found
