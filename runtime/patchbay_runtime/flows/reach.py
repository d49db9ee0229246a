"""Which addresses and ports the steps of a flow may call, as the environment's network lets them."""

import re
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Self
from urllib.parse import urlsplit

from patchbay_runtime.settings import Settings

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
# What resolvers take for an IPv4 address in another spelling: 127.1, 0x7f.0.0.1, 2130706433.
_OTHER_SPELLING: Final = re.compile(r"^(0x[0-9a-f]*|\d+)(\.(0x[0-9a-f]*|\d+)){0,3}\.?$", re.IGNORECASE)

_NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address


@dataclass(frozen=True)
class Reach:
    """`ports`: first and last of each range. `private`: networks that are not the internet's, and may be called.

    Names are not resolved: what they lead to is the network's to refuse.
    """

    ports: Sequence[tuple[int, int]]
    private: Sequence[IPv4Network | IPv6Network] = ()

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """None where the environment says nothing. Raises ValueError for what is no port and no network."""
        if settings.connector_ports is None:
            return None
        ranges = [text.partition("-") for text in settings.connector_ports.split(",")]
        networks = filter(None, settings.connector_private_ranges.split(","))
        return cls(
            [(int(first), int(last or first)) for first, _, last in ranges], [ip_network(text) for text in networks]
        )

    def faults(self, url: str) -> Iterator[str]:
        """Why the address cannot be called, with the remedy."""
        import httpx  # noqa: PLC0415 - heavy, and only registration needs it

        try:
            # As the connector reads it: with other full stops and digits turned into their plain forms.
            parts = httpx.URL(url)
            port, host = parts.port or _port_of(url), parts.raw_host.decode("ascii")
        except (httpx.InvalidURL, UnicodeError, ValueError):
            yield "no address of a host and a port from 1 to 65535; correct it"
            return
        if not any(first <= port <= last for first, last in self.ports):
            yield (
                f"port {port} is not open to connectors here, only {self._told()}; use one of them, or ask those who "
                "run the platform to open it (network.connectors.ports)"
            )
        if not self._is_open(host.rstrip(".").lower()):
            yield (
                f"{host} is a private or reserved address, which connectors may not call here; use a public "
                "one, or ask those who run the platform to open its network (network.connectors.privateRanges)"
            )

    def _is_open(self, host: str) -> bool:
        if host == "localhost" or host.endswith((".localhost", ".internal")):
            return False
        address = _address(host)
        if address is None or any(address in network for network in self.private):
            return True
        # Clusters speak IPv4 alone.
        return isinstance(address, IPv4Address) and address.is_global and not address.is_multicast

    def _told(self) -> str:
        return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in self.ports)


def _port_of(url: str) -> int:
    """The port that is said, else the scheme's; httpx leaves out both the scheme's own and 0."""
    parts = urlsplit(url)
    return _DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        if not _OTHER_SPELLING.match(host):
            return None
        try:
            return IPv4Address(socket.inet_aton(host.rstrip(".")))
        except OSError:
            return None
    if isinstance(found, IPv6Address):
        return (
            found.ipv4_mapped or found.sixtofour or (IPv4Address(int(found) & 2**32 - 1) if found in _NAT64 else found)
        )
    return found
