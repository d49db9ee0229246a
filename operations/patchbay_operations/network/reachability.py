"""Which actor reaches which on which ports.

Where a rule covers a part of an actor's addresses it counts as if it covered all of them: what is reported as
unreachable is unreachable for certain.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

from patchbay_operations.network import ports
from patchbay_operations.network.model import PROTOCOLS, AclRule, Actor, GroupRule, Kind, SecurityGroup, Subnet, Vpc
from patchbay_operations.network.ports import Ports

INTERNET: Final = Actor("internet", Kind.INTERNET, (), (), public=True)
_EVERYWHERE: Final = IPv4Network("0.0.0.0/0")
_PRIVATE: Final = tuple(
    IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)


@dataclass(frozen=True)
class Reach:
    """`source` can open connections to `target` on these ports."""

    source: Actor
    target: Actor
    protocol: str
    ports: Ports


def reaches(vpc: Vpc) -> tuple[Reach, ...]:
    """Every pair of actors, the internet included, between which at least one port is open."""
    pairs = ((source, target) for source in (INTERNET, *vpc.actors) for target in vpc.actors if source != target)
    return tuple(
        Reach(source, target, protocol, opened)
        for source, target in pairs
        for protocol in PROTOCOLS
        if (opened := open_ports(vpc, source, target, protocol))
    )


def open_ports(vpc: Vpc, source: Actor, target: Actor, protocol: str) -> Ports:
    """The ports of `target` that `source` can reach."""
    if source.kind is Kind.INTERNET and not target.public:
        return ports.NONE
    by_groups = _groups_allow(vpc, source, target, protocol)
    if not by_groups:
        return ports.NONE
    result = ports.NONE
    for theirs in (vpc.subnets[name] for name in target.subnets):
        if source.kind is Kind.INTERNET:
            if theirs.faces_the_internet:
                inward = _acl_allows(theirs.acl_ingress, _EVERYWHERE, protocol, by_groups)
                if _acl_allows(theirs.acl_egress, _EVERYWHERE, protocol, ports.EPHEMERAL):
                    result = ports.union(result, inward)
            continue
        for ours in (vpc.subnets[name] for name in source.subnets):
            result = ports.union(result, _between(ours, theirs, protocol, by_groups))
    return result


def _between(ours: Subnet, theirs: Subnet, protocol: str, wanted: Ports) -> Ports:
    """The ports among `wanted` that both subnets' ACLs let through, and whose answers they let back."""
    if ours == theirs:
        return wanted  # ACLs stand at a subnet's border only
    outward = _acl_allows(ours.acl_egress, theirs.network, protocol, wanted)
    inward = _acl_allows(theirs.acl_ingress, ours.network, protocol, outward)
    answered = _acl_allows(theirs.acl_egress, ours.network, protocol, ports.EPHEMERAL) and _acl_allows(
        ours.acl_ingress, theirs.network, protocol, ports.EPHEMERAL
    )
    return inward if answered else ports.NONE


def _groups_allow(vpc: Vpc, source: Actor, target: Actor, protocol: str) -> Ports:
    inward = _opened((vpc.groups[name] for name in target.groups), "ingress", vpc, source, protocol)
    if source.kind is Kind.INTERNET:
        return inward
    outward = _opened((vpc.groups[name] for name in source.groups), "egress", vpc, target, protocol)
    return ports.intersection(inward, outward)


def _opened(groups: Iterable[SecurityGroup], direction: str, vpc: Vpc, other: Actor, protocol: str) -> Ports:
    rules: Iterable[GroupRule] = (rule for group in groups for rule in getattr(group, direction))
    return ports.of(
        interval
        for rule in rules
        if rule.protocol in {None, protocol} and _concerns(rule.peer, vpc, other)
        for interval in (rule.ports if rule.protocol else ports.ALL)
    )


def _concerns(peer: str | IPv4Network, vpc: Vpc, other: Actor) -> bool:
    """Whether a rule's other end may be this actor."""
    if isinstance(peer, str):
        return peer in other.groups
    if other.kind is Kind.INTERNET:
        return not any(peer.subnet_of(private) for private in _PRIVATE)
    return any(peer.overlaps(vpc.subnets[name].network) for name in other.subnets)


def _acl_allows(rules: Sequence[AclRule], other: IPv4Network, protocol: str, wanted: Ports) -> Ports:
    """The ports among `wanted` that the ACL lets through to or from `other`."""
    undecided, allowed = wanted, ports.NONE
    for rule in sorted(rules, key=lambda entry: entry.number):
        if rule.protocol not in {None, protocol} or not rule.network.overlaps(other):
            continue
        concerned = ports.intersection(undecided, rule.ports if rule.protocol else ports.ALL)
        if rule.allow:
            allowed = ports.union(allowed, concerned)
        if other.subnet_of(rule.network):
            undecided = ports.difference(undecided, concerned)
    return allowed
