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
from patchbay_policies.ranges import shown, world
from patchbay_policies.reading import at, given, items
from patchbay_policies.rules.openings import GROUPS, Opening, of_group, of_resource, open_to_the_world
from patchbay_policies.tokens import (
    CACHE,
    CLUSTER,
    DATABASE,
    DEFAULT_ACL,
    DEFAULT_SECURITY_GROUP,
    EGRESS_RULE,
    INGRESS_RULE,
    INSTANCE,
    IP_SET,
    LAUNCH_TEMPLATE,
    LEGACY_RULE,
    LOAD_BALANCER,
    NODE_GROUP,
    PREFIX_LIST,
    PREFIX_LIST_ENTRY,
    SEARCH,
    SECURITY_GROUP,
    VPN_AUTHORIZATION,
)

# What must not share a group with the edge, and what must know whose ranges are in a prefix list.
_INSIDE: Final = frozenset(
    {
        CACHE,
        CLUSTER,
        DATABASE,
        INSTANCE,
        LAUNCH_TEMPLATE,
        NODE_GROUP,
        SEARCH,
        "aws:docdb/cluster:Cluster",
        "aws:efs/mountTarget:MountTarget",
        "aws:elasticache/cluster:Cluster",
        "aws:elasticache/serverlessCache:ServerlessCache",
        "aws:elasticsearch/domain:Domain",
        "aws:memorydb/cluster:Cluster",
        "aws:mq/broker:Broker",
        "aws:msk/cluster:Cluster",
        "aws:neptune/cluster:Cluster",
        "aws:rds/cluster:Cluster",
        "aws:redshift/cluster:Cluster",
    }
)
_OPEN_PORTS: Final = {"openPorts": Setting([443], {"type": "array", "items": {"type": "integer"}})}


def _ports(rule: Any, allowed: Iterable[int]) -> bool:
    """Whether a rule opens exactly one port, of the allowed ones, by TCP."""
    protocol = at(rule, "ipProtocol") or at(rule, "protocol")
    first, last = at(rule, "fromPort"), at(rule, "toPort")
    return (
        (protocol is UNKNOWN or str(protocol).lower() in {"tcp", "6"})
        and (first == last or UNKNOWN in (first, last))
        and (first is UNKNOWN or first in allowed)
    )


def _open_ingress(resource: Resource, environment: Environment) -> Iterator[str]:
    allowed = environment.settings["openPorts"]
    for opening in of_resource(resource):
        wide = world(opening.ranges)
        if wide and not _ports(opening.rule, allowed):
            yield f"it opens {_range(opening.rule)} to {shown(wide)}"


def _range(rule: Any) -> str:
    protocol = at(rule, "ipProtocol") or at(rule, "protocol")
    first, last = at(rule, "fromPort"), at(rule, "toPort")
    if protocol == "-1" or first is None:
        return "every port"
    if UNKNOWN in (first, last):
        return "a port that is not known yet"
    return f"port {first:g}" if first == last else f"ports {first:g} to {last:g}"


def _open_only_at_edge(stack: Stack, environment: Environment) -> Iterator[Finding]:
    for group in stack.of(*GROUPS):
        openings = of_group(stack, group)
        inside = [one for one in stack.of(*_INSIDE) if any(group.urn in urns for urns in one.references.values())]
        for opening in open_to_the_world(stack, openings):
            yield from _misplaced(stack, group, opening, inside)
            # A rule by itself does not tell what is in a prefix list.
            if not world(opening.ranges) and not _ports(opening.rule, environment.settings["openPorts"]):
                yield Finding(opening.resource, f"it opens {_range(opening.rule)} to the world, together with others")
        for opening in openings:
            for holder, strange in ((holder, strange) for holder in inside for strange in opening.strange(stack)):
                problem = f"it opens {group.name}, which {holder.name} has, to prefix list {strange} of somebody else"
                yield Finding(opening.resource, problem)
    for rule in stack.of(INGRESS_RULE, LEGACY_RULE):
        ours = stack.referenced(rule, "securityGroupId", *GROUPS)
        if not ours and any(world(opening.opened(stack)) for opening in of_resource(rule)):
            yield Finding(rule, "it opens a security group that is not of this program to the world")


def _misplaced(stack: Stack, group: Resource, opening: Opening, inside: Iterable[Resource]) -> Iterator[Finding]:
    if not any(stack.refers(balancer, "securityGroups", group) for balancer in stack.of(LOAD_BALANCER)):
        yield Finding(opening.resource, f"it opens {group.name}, which is no load balancer's, to the world")
    for holder in inside:
        yield Finding(opening.resource, f"it opens {group.name}, which {holder.name} has as well, to the world")


def _open_egress(resource: Resource, _: Environment) -> Iterator[str]:
    for opening in of_resource(resource, "egress"):
        protocol = at(opening.rule, "ipProtocol") or at(opening.rule, "protocol")
        if protocol == "-1" and world(opening.ranges):
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
    if wide := world(items(entries)):
        yield f"its allowlist {name} holds {shown(wide)}, which is the world"


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
        settings=_OPEN_PORTS,
        check=_open_ingress,
    ),
    StackRule(
        name="open-ingress-only-at-the-edge",
        description="Only a load balancer's own security group is open to the world.",
        remedy="Open it to the load balancer's security group, and only that one to the world; name other networks' "
        "ranges, or make the prefix list in this program.",
        types=frozenset({*GROUPS, INGRESS_RULE, LEGACY_RULE, LOAD_BALANCER, PREFIX_LIST, PREFIX_LIST_ENTRY, *_INSIDE}),
        settings=_OPEN_PORTS,
        limits="A security group that is named by its id is not known to belong to what names it.",
        check=_open_only_at_edge,
    ),
    ResourceRule(
        name="no-unlimited-egress",
        description="No security group lets everything out to everywhere.",
        remedy="Name the protocol and the ports that it calls, such as TCP 443.",
        level=Level.ADVISORY,
        types=frozenset({EGRESS_RULE, LEGACY_RULE, SECURITY_GROUP}),
        check=_open_egress,
    ),
    ResourceRule(
        name="allowlists-name-somebody",
        description="Allowlists are neither empty nor the world.",
        remedy="List the ranges that need access; ranges wider than /8 (IPv6: /16) count as the world, "
        "and so do several that are as wide together.",
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
