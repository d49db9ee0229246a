"""Who may reach what: security groups and allowlists."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from patchbay_policies.model import (
    UNKNOWN,
    Environment,
    Finding,
    Level,
    Resource,
    ResourceRule,
    Setting,
    Stack,
    StackRule,
)
from patchbay_policies.reading import at, given, holds, is_world, items, joined
from patchbay_policies.tokens import (
    CACHE,
    CLUSTER,
    DATABASE,
    DEFAULT_ACL,
    DEFAULT_SECURITY_GROUP,
    EGRESS_RULE,
    INGRESS_RULE,
    IP_SET,
    LEGACY_RULE,
    LOAD_BALANCER,
    NODE_GROUP,
    SEARCH,
    SECURITY_GROUP,
    VPN_AUTHORIZATION,
)


def _sources(rule: Resource) -> list[Any]:
    """The ranges that a rule resource opens to."""
    props = rule.props
    names = ("cidrIpv4", "cidrIpv6", "cidrBlocks", "ipv6CidrBlocks")
    return [cidr for name in names for cidr in items(at(props, name))]


def _ports(rule: Any, allowed: Iterable[int]) -> bool:
    """Whether a rule opens exactly one port, of the allowed ones, by TCP."""
    protocol = at(rule, "ipProtocol") or at(rule, "protocol")
    first, last = at(rule, "fromPort"), at(rule, "toPort")
    return (
        holds(protocol, "tcp")
        and (first == last or UNKNOWN in (first, last))
        and (first is UNKNOWN or first in allowed)
    )


def _open_ingress(resource: Resource, environment: Environment) -> Iterator[str]:
    allowed = environment.settings["openPorts"]
    if resource.type == SECURITY_GROUP:
        rules = [rule for rule in items(at(resource.props, "ingress")) if rule is not None]
    elif resource.type == LEGACY_RULE and at(resource.props, "type") != "ingress":
        return
    else:
        rules = [resource.props]
    for rule in rules:
        world = [cidr for cidr in _sources(Resource(resource.type, resource.name, rule)) if is_world(cidr)]
        if world and not _ports(rule, allowed):
            yield f"it opens {_range(rule)} to {joined(world)}"


def _range(rule: Any) -> str:
    protocol = at(rule, "ipProtocol") or at(rule, "protocol")
    first, last = at(rule, "fromPort"), at(rule, "toPort")
    if protocol == "-1" or first is None:
        return "every port"
    if UNKNOWN in (first, last):
        return "a port that is not known yet"
    return f"port {first:g}" if first == last else f"ports {first:g} to {last:g}"


def _open_only_at_edge(stack: Stack, _: Environment) -> Iterator[Finding]:
    balancers = stack.of(LOAD_BALANCER)
    for rule in stack.of(INGRESS_RULE):
        if not any(is_world(cidr) for cidr in _sources(rule)):
            continue
        groups = stack.referenced(rule, "securityGroupId", SECURITY_GROUP)
        if not groups:
            yield Finding(rule, "it opens a security group that is not of this program to the world")
        for group in groups:
            if not any(stack.refers(balancer, "securityGroups", group) for balancer in balancers):
                yield Finding(rule, f"it opens {group.name}, which is no load balancer's, to the world")
            for holder in stack.of(DATABASE, CACHE, SEARCH, NODE_GROUP, CLUSTER):
                if any(group.urn in urns for urns in holder.references.values()):
                    yield Finding(rule, f"it opens {group.name}, which {holder.name} has as well, to the world")


def _open_egress(resource: Resource, _: Environment) -> Iterator[str]:
    if at(resource.props, "ipProtocol") == "-1" and any(is_world(cidr) for cidr in _sources(resource)):
        yield "it lets every protocol and port out to every address"


def _allowlists(resource: Resource, _: Environment) -> Iterator[str]:
    props = resource.props
    if resource.type == IP_SET:
        name, entries = "addresses", at(props, "addresses")
    elif resource.type == CLUSTER:
        # Without a word about it, the endpoint is public.
        if at(props, "vpcConfig", "endpointPublicAccess") in {False, UNKNOWN}:
            return
        name, entries = "vpcConfig.publicAccessCidrs", at(props, "vpcConfig", "publicAccessCidrs")
    else:
        name, entries = "targetNetworkCidr", at(props, "targetNetworkCidr")
    if not given(entries):
        yield f"its allowlist {name} is empty"
    world = [entry for entry in items(entries) if is_world(entry)]
    if world:
        yield f"its allowlist {name} holds {joined(world)}, which is the world"


def _defaults_closed(resource: Resource, _: Environment) -> Iterator[str]:
    for side in ("ingress", "egress"):
        if items(at(resource.props, side)):
            yield f"it has {side} rules"


RULES: Final = (
    ResourceRule(
        name="no-open-ingress",
        description="Nothing but port 443 is open to the world.",
        remedy="Name the security group or the ranges that need it, or serve it at port 443 of the edge.",
        types=frozenset({INGRESS_RULE, LEGACY_RULE, SECURITY_GROUP}),
        settings={"openPorts": Setting([443], {"type": "array", "items": {"type": "integer"}})},
        check=_open_ingress,
    ),
    StackRule(
        name="open-ingress-only-at-the-edge",
        description="Only a load balancer's own security group is open to the world.",
        remedy="Open it to the load balancer's security group, and only that one to the world.",
        types=frozenset({INGRESS_RULE, SECURITY_GROUP, LOAD_BALANCER, DATABASE, CACHE, SEARCH, NODE_GROUP, CLUSTER}),
        check=_open_only_at_edge,
    ),
    ResourceRule(
        name="no-unlimited-egress",
        description="No security group lets everything out to everywhere.",
        remedy="Name the protocol and the ports that it calls, such as TCP 443.",
        level=Level.ADVISORY,
        types=frozenset({EGRESS_RULE}),
        check=_open_egress,
    ),
    ResourceRule(
        name="allowlists-name-somebody",
        description="Allowlists are neither empty nor the world.",
        remedy="List the ranges that need access; ranges wider than /8 (IPv6: /16) count as the world.",
        types=frozenset({IP_SET, CLUSTER, VPN_AUTHORIZATION}),
        check=_allowlists,
    ),
    ResourceRule(
        name="network-defaults-closed",
        description="The default security group and the default network ACL of a network let nothing through.",
        remedy="Remove its rules, and put the resources that rely on them into groups of their own.",
        types=frozenset({DEFAULT_SECURITY_GROUP, DEFAULT_ACL}),
        check=_defaults_closed,
    ),
)
