"""Further networks of a VPC, for pods: which ones AWS lets stand beside the VPC's own.

Sources: VPC's user guide, "IPv4 CIDR block association restrictions" and "Manage IPv4 CIDR blocks for a VPC". Public
networks, which AWS takes too, are refused: a pod would hold an address that somebody else has on the internet.
"""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network
from itertools import combinations
from typing import Final

from patchbay_infra.network.addresses import PRIVATE_NETWORKS

_SHARED: Final = IPv4Network("100.64.0.0/10")
_WIDEST_PREFIX: Final = 16
# A zone's share of a range for all zones is a quarter, and a /22 has the blocks of five nodes.
_NARROWEST_PREFIX: Final = 20
# Of a VPC with any network in the first, AWS keeps the second to itself.
_FIRST_OF_TEN: Final = (IPv4Network("10.0.0.0/15"), IPv4Network("10.0.0.0/16"))
_NEVER_SECOND: Final = IPv4Network("172.31.0.0/16")


def fault(vpc: IPv4Network, ranges: Sequence[IPv4Network]) -> str | None:
    """The first thing that is wrong with the ranges beside the VPC's own network, with the remedy."""
    return next(_faults(vpc, ranges), None)


def _faults(vpc: IPv4Network, ranges: Sequence[IPv4Network]) -> Iterator[str]:
    for one, other in combinations((vpc, *ranges), 2):
        if one.overlaps(other):
            yield f"{other} overlaps {one}; choose another range"
    for network in ranges:
        if not _WIDEST_PREFIX <= network.prefixlen <= _NARROWEST_PREFIX:
            yield f"{network}: its prefix must be /{_WIDEST_PREFIX} to /{_NARROWEST_PREFIX}; widen or narrow it"
        if not network.subnet_of(_SHARED):
            yield from _private_faults(vpc, network, ranges)


def _private_faults(vpc: IPv4Network, network: IPv4Network, ranges: Sequence[IPv4Network]) -> Iterator[str]:
    home = next(private for private in PRIVATE_NETWORKS if vpc.subnet_of(private))
    if not network.subnet_of(home):
        yield f"{network}: beside {vpc} AWS takes ranges of {home} and {_SHARED} only; choose one of them"
    early, kept = _FIRST_OF_TEN
    if network.overlaps(kept) and any(one.overlaps(early) for one in (vpc, *ranges) if one != network):
        yield f"{network}: AWS takes no range of {kept} beside one of {early}; choose another, such as 100.64.0.0/16"
    if network.subnet_of(_NEVER_SECOND):
        yield f"{network}: AWS takes no second range of {_NEVER_SECOND}; choose another, such as 100.64.0.0/16"
