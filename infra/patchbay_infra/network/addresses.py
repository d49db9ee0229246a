"""Networks and allowlists as configuration spells them."""

from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError, collapse_addresses
from itertools import combinations
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

# A /8 is the most that one registry hands to one holder; what is wider admits strangers.
_WIDEST_PREFIX: Final = 8
_HALF_OF_THE_WORLD: Final = 2**31

PRIVATE_NETWORKS: Final = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


def _parsed(value: object) -> IPv4Network:
    if isinstance(value, IPv4Network):
        return value
    if not isinstance(value, str):
        raise ValueError("not a network; write it as 192.0.2.0/24")  # noqa: TRY004 (pydantic reports ValueError only)
    try:
        return IPv4Network(value)
    except (AddressValueError, NetmaskValueError):
        raise ValueError("not an IPv4 network; write it as 192.0.2.0/24") from None
    except ValueError:
        raise ValueError("addresses a host beyond its prefix; write the network's first address") from None


def _not_the_world(network: IPv4Network) -> IPv4Network:
    if network.prefixlen < _WIDEST_PREFIX:
        raise ValueError(
            f"wider than /{_WIDEST_PREFIX}, which admits the world; narrow it to the callers' own networks"
        )
    return network


def _not_empty_not_twice(networks: tuple[IPv4Network, ...]) -> tuple[IPv4Network, ...]:
    if not networks:
        raise ValueError("empty; list the networks that may call, such as 192.0.2.0/24")
    if any(one.overlaps(other) for one, other in combinations(networks, 2)):
        raise ValueError("a network lies within another or stands twice; remove the narrower one")
    if sum(network.num_addresses for network in collapse_addresses(networks)) >= _HALF_OF_THE_WORLD:
        raise ValueError("admits half of the world; narrow it to the callers' own networks")
    return tuple(sorted(networks))


Network4 = Annotated[IPv4Network, BeforeValidator(_parsed), PlainSerializer(str)]
# The networks that may call something that the world must not: at least one, none of them the world, sorted.
Allowlist = Annotated[
    tuple[Annotated[Network4, AfterValidator(_not_the_world)], ...], AfterValidator(_not_empty_not_twice)
]


def is_private(network: IPv4Network) -> bool:
    """Whether it is one that the internet does not route (RFC 1918)."""
    return any(network.subnet_of(private) for private in PRIVATE_NETWORKS)


def texts(networks: Iterable[IPv4Network]) -> list[str]:
    return [str(network) for network in networks]
