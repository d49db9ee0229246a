"""Which addresses and ports connectors may call, as the environment's network lets them."""

import re
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Self
from urllib.parse import urlsplit

from patchbay_runtime.settings import Settings

Address = IPv4Address | IPv6Address

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
# What resolvers take for an IPv4 address in another spelling: 127.1, 0x7f.0.0.1, 2130706433.
_OTHER_SPELLING: Final = re.compile(r"^(0x[0-9a-f]*|\d+)(\.(0x[0-9a-f]*|\d+)){0,3}\.?$", re.IGNORECASE)

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")

# What is no address of the internet: IANA's registry of special-purpose addresses (RFC 6890) and multicast.
SPECIAL: Final[Sequence[IPv4Network]] = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
"""The network policies' own list: what passes here and not there would time out instead of being refused."""
_REMEDY: Final = (
    "use a public one, or ask those who run the platform to open its network (network.connectors.privateRanges)"
)


@dataclass(frozen=True)
class Reach:
    """`ports`: first and last of each range. `private`: networks that are not the internet's, and may be called."""

    ports: Sequence[tuple[int, int]]
    private: Sequence[IPv4Network | IPv6Network] = ()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Raises ValueError for what is no port and no network."""
        ranges = [text.partition("-") for text in settings.connector_ports.split(",")]
        networks = filter(None, settings.connector_private_ranges.split(","))
        return cls(
            [(int(first), int(last or first)) for first, _, last in ranges], [ip_network(text) for text in networks]
        )

    def faults(self, url: str) -> Iterator[str]:
        """Why an address cannot be called, with the remedy. What a name leads to is not asked."""
        import httpx  # noqa: PLC0415 - heavy, and only registration needs it

        try:
            # As the connector reads it: with other full stops and digits turned into their plain forms.
            parts = httpx.URL(url)
            port, host = parts.port or _port_of(url), parts.raw_host.decode("ascii")
        except (httpx.InvalidURL, UnicodeError, ValueError):
            yield "no address of a host and a port from 1 to 65535; correct it"
            return
        yield from self.port_faults(port)
        address = spelled(host)
        if address is None and not can_be_looked_up(host):
            yield f"{host} is no name of a host; correct it"
        elif is_inner_name(host) if address is None else not self.allows(address):
            yield f"{host} is a private or reserved address, which connectors may not call here; {_REMEDY}"

    def port_faults(self, port: int) -> Iterator[str]:
        """Why nothing can be called at a port, with the remedy."""
        if not any(first <= port <= last for first, last in self.ports):
            yield (
                f"port {port} is not open to connectors here, only {self._told()}; use one of them, or ask those who "
                "run the platform to open it (network.connectors.ports)"
            )

    def allows(self, address: Address) -> bool:
        """Whether connections may be made to an address. Clusters speak IPv4 alone."""
        judged = plain(address)
        if any(judged in network for network in self.private):
            return True
        return isinstance(judged, IPv4Address) and not any(judged in network for network in SPECIAL)

    def _told(self) -> str:
        return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in self.ports)


def refusal(host: str) -> str:
    """Why nothing that a host leads to can be called, with the remedy; without the addresses."""
    return f"{host} leads to private, reserved or IPv6 addresses alone, which connectors may not call here; {_REMEDY}"


def can_be_looked_up(host: str) -> bool:
    """Whether it is letters, digits, hyphens and underscores between full stops: resolvers read more into the rest."""
    return _NAME.fullmatch(host) is not None


def is_inner_name(host: str) -> bool:
    """Whether a name is one of the machine's or of the cloud's own, whatever it leads to."""
    plain = host.rstrip(".").lower()
    return plain == "localhost" or plain.endswith((".localhost", ".internal"))


def is_cluster_name(host: str) -> bool:
    """Whether a name may be one that the cluster's own domains give a sense: a word alone, or one below `svc`."""
    plain = host.rstrip(".").lower()
    return "." not in plain or plain.endswith((".svc", ".local"))


def plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 one is another spelling of (`::ffff:192.0.2.1`), else the address itself."""
    return address if isinstance(address, IPv4Address) else address.ipv4_mapped or address


def spelled(host: str) -> Address | None:
    """The address that a host is, in any spelling that a resolver takes; None for a name."""
    plain = host.rstrip(".")
    try:
        return ip_address(plain.partition("%")[0])
    except ValueError:
        if not _OTHER_SPELLING.match(plain):
            return None
    try:
        return IPv4Address(socket.inet_aton(plain))
    except OSError:
        return None


def _port_of(url: str) -> int:
    """The port that is said, else the scheme's; httpx leaves out both the scheme's own and 0."""
    parts = urlsplit(url)
    return _DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
