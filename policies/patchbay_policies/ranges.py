"""Ranges of addresses: which of them name somebody.

A range wider than /8 in IPv4 names nobody (S3 counts such a policy as public:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html), nor do several that hold
more public addresses than one of that width.
"""

import ipaddress
from collections.abc import Iterable
from typing import Any, Final

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# The longest prefix that is still the world, by IP version, is one less.
_LIMITS: Final = {4: 8, 6: 16}
_PRIVATE: Final = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)


def is_world(cidr: Any) -> bool:
    """Whether a range by itself is so wide that it names nobody: shorter than /8 in IPv4, than /16 in IPv6."""
    network = _network(cidr)
    return network is not None and not _private(network) and network.prefixlen < _LIMITS[network.version]


def world(cidrs: Iterable[Any], ipv6_limit: int = _LIMITS[6]) -> list[str]:
    """Those of the ranges that are the world, by themselves or together; none if all of them name somebody.

    `ipv6_limit`: the prefix length below which an IPv6 range is the world. Private ranges are nobody else's, and count
    for nothing.
    """
    limits = {**_LIMITS, 6: ipv6_limit}
    found: list[str] = []
    for version, limit in limits.items():
        given = [(str(cidr), network) for cidr in cidrs if (network := _network(cidr)) and network.version == version]
        public = [(cidr, network) for cidr, network in given if not _private(network)]
        most = 1 << (32 if version == 4 else 128) - limit
        alone = [cidr for cidr, network in public if network.num_addresses > most]
        if not alone and _addresses([network for _, network in public]) > most:
            alone = [cidr for cidr, _ in public]
        found += alone
    return found


def shown(cidrs: Iterable[str]) -> str:
    """A list of ranges for a reader, who needs no more than the first."""
    ordered = sorted(set(cidrs))
    more = f" and {len(ordered) - 4} more" if len(ordered) > 4 else ""
    return ", ".join(ordered[:4]) + more


def _addresses(networks: list[_Network]) -> int:
    if not networks:
        return 0
    merged = ipaddress.collapse_addresses(networks)  # type: ignore[type-var] # all are of one version
    return sum(network.num_addresses for network in merged)


def _private(network: _Network) -> bool:
    return any(network.version == own.version and network.subnet_of(own) for own in _PRIVATE)  # type: ignore[arg-type]


def _network(cidr: Any) -> _Network | None:
    if not isinstance(cidr, str):
        return None
    try:
        return ipaddress.ip_network(cidr.strip(), strict=False)
    except ValueError:
        return None
