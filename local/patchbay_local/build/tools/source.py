"""Where downloads come from: the publishers, a mirror of them, or nowhere (PATCHBAY_DOWNLOADS)."""

import os
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

import httpx

VARIABLE: Final = "PATCHBAY_DOWNLOADS"
_REMEDY: Final = "set it to the https address of a mirror, or to `off`, or leave it out"


@dataclass(frozen=True)
class Source:
    """The publishers themselves, or a mirror that holds https://HOST/PATH as MIRROR/HOST/PATH."""

    mirror: str | None = None

    @property
    def is_loopback(self) -> bool:
        """Whether the mirror is on this machine, which alone needs no TLS and no proxy."""
        return self.mirror is not None and _is_loopback(httpx.URL(self.mirror))

    def address(self, published: str) -> httpx.URL:
        """Where a published file is fetched."""
        url = httpx.URL(published)
        return httpx.URL(f"{self.mirror}/{url.host}{url.path}") if self.mirror else url

    def allows(self, url: httpx.URL) -> bool:
        """Whether a file may come from there: https with a verified certificate, or this machine's own mirror."""
        return url.scheme == "https" or (self.is_loopback and _is_loopback(url))


def from_environment() -> Source | None:
    """None where nothing is to be downloaded. Raises RuntimeError on an address that cannot be used."""
    value = os.environ.get(VARIABLE, "").strip().rstrip("/")
    if value == "off":
        return None
    if not value:
        return Source()
    try:
        url = httpx.URL(value)
    except httpx.InvalidURL:
        raise RuntimeError(f"{VARIABLE} is no address: {_REMEDY}") from None
    source = Source(value)
    if not url.host or url.query or url.fragment or not source.allows(url):
        raise RuntimeError(f"{VARIABLE} is not an https address without query: {_REMEDY}")
    return source


def _is_loopback(url: httpx.URL) -> bool:
    if url.host == "localhost":
        return True
    try:
        return ip_address(url.host).is_loopback
    except ValueError:
        return False
