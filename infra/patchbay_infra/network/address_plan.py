"""Which addresses of the VPC each subnet has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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

    `pods`: of ranges beside the VPC's own, where there are any. A quarter of the one for each zone, or one for each.
    """

    public: Mapping[str, IPv4Network]
    private: Mapping[str, IPv4Network]
    data: Mapping[str, IPv4Network]
    pods: Mapping[str, IPv4Network] = field(default_factory=dict)

    @property
    def inside(self) -> Sequence[IPv4Network]:
        """Where nodes and pods have their addresses."""
        return [*self.private.values(), *self.pods.values()]


def divide(vpc: IPv4Network, zones: Sequence[str], pod_ranges: Sequence[IPv4Network] = ()) -> AddressPlan:
    """Raises ValueError, with the remedy, for a VPC or zones that the plan does not fit."""
    if not WIDEST_PREFIX <= vpc.prefixlen <= NARROWEST_PREFIX:
        raise ValueError(f"its prefix must lie between /{WIDEST_PREFIX} and /{NARROWEST_PREFIX}; widen or narrow it")
    if len(set(zones)) != len(zones):
        raise ValueError("a zone stands twice; name each zone once")
    if not 2 <= len(zones) <= MOST_ZONES:
        raise ValueError(f"{len(zones)} zones; name two, so that one may fail, or three")
    if len(pod_ranges) not in {0, 1, len(zones)}:
        raise ValueError(
            f"podRanges: {len(pod_ranges)} ranges for {len(zones)} zones; name one for all, or one for each"
        )
    *quarters, rest = vpc.subnets(prefixlen_diff=_QUARTER)
    sixteenths = list(rest.subnets(prefixlen_diff=_SIXTEENTH))
    return AddressPlan(
        public=dict(zip(zones, sixteenths[_PUBLIC_START:], strict=False)),
        private=dict(zip(zones, quarters, strict=False)),
        data=dict(zip(zones, sixteenths[_DATA_START:], strict=False)),
        pods=dict(zip(zones, _shares(pod_ranges), strict=False)),
    )


def _shares(ranges: Sequence[IPv4Network]) -> Sequence[IPv4Network]:
    return list(ranges[0].subnets(prefixlen_diff=_QUARTER)) if len(ranges) == 1 else ranges
