"""Which addresses of the VPC each subnet has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

# AWS allows no VPC wider than /16; in one narrower than /20 a load balancer's subnet would be narrower than /26.
WIDEST_PREFIX: Final = 16
NARROWEST_PREFIX: Final = 20
MOST_ZONES: Final = 3
_QUARTER: Final = 2
_SIXTEENTH: Final = 4
# Sixteenths of the last quarter at which a tier's subnets begin.
_PUBLIC_START: Final = 0
_DATA_START: Final = 8


@dataclass(frozen=True)
class AddressPlan:
    """Subnets by zone, in the order of the zones.

    A quarter of the VPC for the private subnet of each zone, because every pod has an address of its own. The last
    quarter is cut in sixteenths: the first for the public subnets, those from the ninth on for the data subnets.

    | VPC | private (each) | public, data (each) |
    | --- | --- | --- |
    | /16 | /18, 16,379 usable | /22, 1,019 usable |
    | /20 | /22, 1,019 usable | /26, 59 usable |

    A zone that is added takes addresses that were free: no subnet is renumbered.
    """

    public: Mapping[str, IPv4Network]
    private: Mapping[str, IPv4Network]
    data: Mapping[str, IPv4Network]


def divide(vpc: IPv4Network, zones: Sequence[str]) -> AddressPlan:
    """Raises ValueError, with the remedy, for a VPC or zones that the plan does not fit."""
    if not WIDEST_PREFIX <= vpc.prefixlen <= NARROWEST_PREFIX:
        raise ValueError(f"its prefix must lie between /{WIDEST_PREFIX} and /{NARROWEST_PREFIX}; widen or narrow it")
    if len(set(zones)) != len(zones):
        raise ValueError("a zone stands twice; name each zone once")
    if not 2 <= len(zones) <= MOST_ZONES:
        raise ValueError(f"{len(zones)} zones; name two, so that one may fail, or three")
    *quarters, rest = vpc.subnets(prefixlen_diff=_QUARTER)
    sixteenths = list(rest.subnets(prefixlen_diff=_SIXTEENTH))
    return AddressPlan(
        public=dict(zip(zones, sixteenths[_PUBLIC_START:], strict=False)),
        private=dict(zip(zones, quarters, strict=False)),
        data=dict(zip(zones, sixteenths[_DATA_START:], strict=False)),
    )
