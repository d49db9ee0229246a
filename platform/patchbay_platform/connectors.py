"""Which addresses and ports customers' connectors may call in an environment."""

import re
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Final

from patchbay_config.model import Model
from pydantic import BeforeValidator, Field, field_validator

Network = IPv4Network | IPv6Network

# What is no address of the internet. IANA's registries of special-purpose addresses (RFC 6890), multicast, and the ways
# in which IPv6 carries an IPv4 address (NAT64, 6to4, Teredo). A mapped one, ::ffff:0:0/96, is never sent as IPv6, and
# Kubernetes takes it for IPv4.
SPECIAL: Final[Sequence[Network]] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        "::/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "fc00::/7",
        "fe80::/10",
        "ff00::/8",
    )
)
# Of the machine itself: its loopback, the cloud's metadata and identity services.
_NEVER: Final = tuple(ip_network(text) for text in ("127.0.0.0/8", "169.254.0.0/16", "::/96", "fe80::/10"))
_RANGE: Final = re.compile(r"^(\d{1,5})(?:-(\d{1,5}))?$")


def _ports(value: object) -> tuple[int, int]:
    found = _RANGE.match(str(value))
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= first <= last <= 65535:
        raise ValueError(f"{value} is neither a port nor a range of ports; write it like 443 or 8000-8100")
    return first, last


Ports = Annotated[tuple[int, int], BeforeValidator(_ports)]


class ConnectorsConfig(Model):
    """`ports`: of TCP, such as 443 or "8000-8100". `private_ranges`: networks of partners that are not the internet's.

    The internet may be called at these ports, and beside it the private ranges; nothing else.
    """

    ports: Annotated[tuple[Ports, ...], Field(min_length=1, max_length=20)] = ((443, 443),)
    private_ranges: Annotated[tuple[Network, ...], Field(max_length=20)] = ()

    @field_validator("private_ranges")
    @classmethod
    def _private_and_not_the_machines(cls, networks: tuple[Network, ...]) -> tuple[Network, ...]:
        for network in networks:
            if any(_overlap(network, own) for own in _NEVER):
                raise ValueError(f"{network} holds addresses of the machine itself or of its metadata; remove it")
            if not any(_within(network, special) for special in SPECIAL):
                raise ValueError(f"{network} is of the internet, which connectors may call anyway; remove it")
        return networks

    def clashes(self, own: Sequence[Network]) -> Iterator[str]:
        """Private ranges that are the environment's own networks, each with the remedy."""
        for network in self.private_ranges:
            for ours in own:
                if _overlap(network, ours):
                    yield f"{network} overlaps {ours}, a network of the environment's own; narrow or remove it"

    @property
    def told(self) -> dict[str, str]:
        """The variables by which the API refuses what the network would not let through."""
        ports = ",".join(str(first) if first == last else f"{first}-{last}" for first, last in self.ports)
        return {
            "PATCHBAY_CONNECTOR_PORTS": ports,
            "PATCHBAY_CONNECTOR_PRIVATE_RANGES": ",".join(map(str, self.private_ranges)),
        }


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def _within(one: Network, other: Network) -> bool:
    return one.version == other.version and one.subnet_of(other)  # type: ignore[arg-type] # of one version
