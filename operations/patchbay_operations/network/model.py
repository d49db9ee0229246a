"""A VPC as far as reachability depends on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network

from patchbay_operations.network.ports import Ports

TCP = "tcp"
UDP = "udp"
PROTOCOLS = (TCP, UDP)


class Kind(StrEnum):
    """What an actor is."""

    INTERNET = "internet"
    LOAD_BALANCER = "load balancer"
    VPN = "client VPN"
    NODES = "nodes"
    CONTROL_PLANE = "control plane"
    DATABASE = "database"
    CACHE = "cache"
    SEARCH = "search"
    ENDPOINT = "interface endpoint"


DATA = frozenset({Kind.DATABASE, Kind.CACHE, Kind.SEARCH})


@dataclass(frozen=True)
class GroupRule:
    """One rule of a security group. The other end is another group or a network; `protocol` None means every one."""

    protocol: str | None
    ports: Ports
    peer: str | IPv4Network


@dataclass(frozen=True)
class SecurityGroup:
    """A group's rules by direction."""

    identifier: str
    name: str
    ingress: tuple[GroupRule, ...]
    egress: tuple[GroupRule, ...]


@dataclass(frozen=True)
class AclRule:
    """One rule of a network ACL; the lowest number that fits decides."""

    number: int
    allow: bool
    protocol: str | None
    ports: Ports
    network: IPv4Network


@dataclass(frozen=True)
class Route:
    """`destination`: a network or a prefix list; `target`: `local`, or the id of a gateway."""

    destination: str
    target: str


@dataclass(frozen=True)
class Subnet:
    """`tier` as its tag says: public, private, pods or data."""

    identifier: str
    name: str
    tier: str
    zone: str
    network: IPv4Network
    routes: tuple[Route, ...]
    acl_ingress: tuple[AclRule, ...]
    acl_egress: tuple[AclRule, ...]

    @property
    def faces_the_internet(self) -> bool:
        """Whether it has a route to an internet gateway."""
        return any(route.target.startswith("igw-") for route in self.routes)


@dataclass(frozen=True)
class Actor:
    """Something with network interfaces in the VPC. `public`: it has addresses that the internet can name."""

    name: str
    kind: Kind
    subnets: tuple[str, ...]
    groups: tuple[str, ...]
    public: bool = False

    def __str__(self) -> str:
        """A cluster and its cache may have the same name."""
        return "the internet" if self.kind is Kind.INTERNET else f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Vpc:
    """One VPC with everything in it. `api_allowlist`: who may call a cluster's public endpoint, by cluster."""

    identifier: str
    network: IPv4Network
    subnets: Mapping[str, Subnet]
    groups: Mapping[str, SecurityGroup]
    actors: tuple[Actor, ...]
    api_allowlist: Mapping[str, tuple[IPv4Network, ...]]
