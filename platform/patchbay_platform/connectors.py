"""Which addresses and ports customers' connectors may call in an environment."""

import re
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Final

from patchbay_config.model import Model
from pydantic import BeforeValidator, Field, field_validator

# What is no address of the internet: IANA's registry of special-purpose addresses (RFC 6890) and multicast. Clusters
# speak IPv4. A peer of IPv6 would do harm: Amazon's plugin writes its exceptions into the table of IPv4
# (aws-network-policy-agent issue 631).
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
# Of the machine itself: its loopback, the cloud's metadata and identity services.
_NEVER: Final = tuple(IPv4Network(text) for text in ("127.0.0.0/8", "169.254.0.0/16"))
# Policies add up, and a connector's pod is a worker's too: it may open connections to these for the runtime's own sake,
# and to every port of its own node, where the gateway and the kubelet listen.
_OWN_PORTS: Final = {
    (80, 80): "of the agent that gives pods their identity",
    (3306, 3306): "of MariaDB",
    (6379, 6379): "of Redis",
    (10250, 10250): "of the kubelet",
    (30000, 32767): "of services on the nodes, such as the gateway",
    (61678, 61679): "of Amazon's network plugin",
}
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
    private_ranges: Annotated[tuple[IPv4Network, ...], Field(max_length=20)] = ()

    @field_validator("ports")
    @classmethod
    def _none_of_our_own(cls, ranges: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        for first, last in ranges:
            for own, whose in _OWN_PORTS.items():
                if first <= own[1] and own[0] <= last:
                    raise ValueError(f"{_told((first, last))} holds {_told(own)}, {whose}; leave it out")
        return ranges

    @field_validator("private_ranges")
    @classmethod
    def _private_and_not_the_machines(cls, networks: tuple[IPv4Network, ...]) -> tuple[IPv4Network, ...]:
        for network in networks:
            if any(network.overlaps(own) for own in _NEVER):
                raise ValueError(f"{network} holds addresses of the machine itself or of its metadata; remove it")
            if not any(network.subnet_of(special) for special in SPECIAL):
                raise ValueError(f"{network} is of the internet, which connectors may call anyway; remove it")
        return networks

    def clashes(self, own: Sequence[IPv4Network | IPv6Network]) -> Iterator[str]:
        """Private ranges that are the environment's own networks, each with the remedy."""
        for network in self.private_ranges:
            for ours in own:
                if isinstance(ours, IPv4Network) and network.overlaps(ours):
                    yield f"{network} overlaps {ours}, a network of the environment's own; narrow or remove it"

    @property
    def told(self) -> dict[str, str]:
        """The variables by which the API and the connectors' pods refuse what the network would not let through."""
        ports = ",".join(map(_told, self.ports))
        return {
            "PATCHBAY_CONNECTOR_PORTS": ports,
            "PATCHBAY_CONNECTOR_PRIVATE_RANGES": ",".join(map(str, self.private_ranges)),
        }


def _told(ports: tuple[int, int]) -> str:
    first, last = ports
    return str(first) if first == last else f"{first}-{last}"
