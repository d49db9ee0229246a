"""Where things may stand in the network."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from patchbay_policies.model import (
    UNKNOWN,
    Environment,
    Finding,
    Resource,
    ResourceRule,
    Setting,
    Stack,
    StackRule,
    Unknown,
)
from patchbay_policies.ranges import is_world
from patchbay_policies.reading import at, given, items, joined
from patchbay_policies.tokens import (
    CACHE,
    CACHE_SUBNETS,
    CLUSTER,
    DATABASE,
    DATABASE_SUBNETS,
    FLOW_LOG,
    INSTANCE,
    INTERNET_GATEWAY,
    LOAD_BALANCER,
    NAT_GATEWAY,
    NODE_GROUP,
    ROUTE,
    ROUTE_TABLE,
    ROUTE_TABLE_ASSOCIATION,
    SCALING_GROUP,
    SEARCH,
    SUBNET,
    VPC,
)

ROUTING: Final = (ROUTE, ROUTE_TABLE, ROUTE_TABLE_ASSOCIATION, INTERNET_GATEWAY)

# The property by which each type says which subnets it stands in.
NODES: Final = {
    NODE_GROUP: "subnetIds",
    CLUSTER: "vpcConfig",
    SCALING_GROUP: "vpcZoneIdentifiers",
    INSTANCE: "subnetId",
}
STORES: Final = {DATABASE_SUBNETS: "subnetIds", CACHE_SUBNETS: "subnetIds", SEARCH: "vpcOptions"}
# What the public subnets are for, and what belongs to the subnets themselves.
PUBLIC: Final = {
    NAT_GATEWAY: "subnetId",
    LOAD_BALANCER: "subnets",
    ROUTE_TABLE_ASSOCIATION: "subnetId",
    "aws:ec2/networkAclAssociation:NetworkAclAssociation": "subnetId",
    "aws:ec2/networkAcl:NetworkAcl": "subnetIds",
    FLOW_LOG: "subnetId",
}
PLACED: Final = {
    **NODES,
    **STORES,
    **PUBLIC,
    "aws:ec2/vpcEndpoint:VpcEndpoint": "subnetIds",
    "aws:ec2clientvpn/networkAssociation:NetworkAssociation": "subnetId",
    "aws:ec2/networkInterface:NetworkInterface": "subnetId",
    "aws:lambda/function:Function": "vpcConfig",
    "aws:efs/mountTarget:MountTarget": "subnetId",
}

# Subnets of a network that another account shares: nothing of this program tells what they are, so a person does.
_SHARED: Final = {"sharedSubnets": Setting([], {"type": "array", "items": {"type": "string"}})}


def tier(stack: Stack, subnet: Resource) -> str | Unknown | None:
    """What a subnet's routes make of it, whatever it is called; None: it has no route table of its own.

    `public`: a route to an internet gateway; `isolated`: no way out of the network; `private`: what is in between.
    """
    tables = [
        table
        for association in stack.of(ROUTE_TABLE_ASSOCIATION)
        if stack.refers(association, "subnetId", subnet)
        for table in stack.referenced(association, "routeTableId", ROUTE_TABLE)
    ]
    if not tables:
        return None
    separate = [route for table in tables for route in stack.of(ROUTE) if stack.refers(route, "routeTableId", table)]
    inline = [route for table in tables for route in items(at(table.props, "routes"))]
    if any(_to_internet(stack, route) for route in separate) or any(_is_gateway(at(r, "gatewayId")) for r in inline):
        return "public"
    leaving = [*(route.props for route in separate), *inline]
    if any(_leaves(route) for route in leaving):
        return "private"
    return UNKNOWN if any(UNKNOWN in _destinations(route) for route in leaving) else "isolated"


def _destinations(route: Any) -> list[Any]:
    names = ("destinationCidrBlock", "destinationIpv6CidrBlock", "cidrBlock", "ipv6CidrBlock")
    return [at(route, name) for name in names]


def _leaves(route: Any) -> bool:
    return any(is_world(destination) for destination in _destinations(route))


def _to_internet(stack: Stack, route: Resource) -> bool:
    return bool(stack.referenced(route, "gatewayId", INTERNET_GATEWAY)) or _is_gateway(at(route.props, "gatewayId"))


def _is_gateway(target: Any) -> bool:
    return isinstance(target, str) and target.startswith("igw-")


def _outside(stack: Stack, places: dict[str, str], wanted: str, shared: Sequence[str]) -> Iterator[Finding]:
    """`shared`: ids of subnets that another account made, and that are of the wanted kind."""
    for resource in stack.of(*places):
        place = places[resource.type]
        subnets = stack.referenced(resource, place, SUBNET)
        named = _subnet_ids(at(resource.props, place))
        others = [name for name in named if name not in shared] if len(named) > len(subnets) else []
        if others or not (subnets or named):
            yield Finding(resource, f"its {place} names no subnet of this program{_told(others)}")
        for subnet in subnets:
            if (found := tier(stack, subnet)) not in {wanted, UNKNOWN}:
                yield Finding(resource, f"it stands in subnet {subnet.name}, which is {found or 'without routes'}")


def _subnet_ids(value: Any) -> list[str]:
    """The ids that are known, of a list or of the block that holds one."""
    block = value[0] if isinstance(value, list) and len(value) == 1 else value
    ids = at(block, "subnetIds") if isinstance(block, Mapping) else value
    return [one for one in items(ids) if isinstance(one, str)]


def _told(names: Sequence[str]) -> str:
    return f": {joined(names)}" if names else ""


def _nodes(stack: Stack, environment: Environment) -> Iterator[Finding]:
    return _outside(stack, NODES, "private", environment.settings["sharedSubnets"])


def _stores(stack: Stack, environment: Environment) -> Iterator[Finding]:
    return _outside(stack, STORES, "isolated", environment.settings["sharedSubnets"])


def _public(stack: Stack, _: Environment) -> Iterator[Finding]:
    for resource in stack.of(*PLACED):
        if resource.type in PUBLIC:
            continue
        for subnet in stack.referenced(resource, PLACED[resource.type], SUBNET):
            if tier(stack, subnet) == "public":
                yield Finding(resource, f"it stands in the public subnet {subnet.name}")


def _own_routes(stack: Stack, _: Environment) -> Iterator[Finding]:
    for subnet in stack.of(SUBNET):
        found = tier(stack, subnet)
        if found is None:
            yield Finding(subnet, "it has no route table of its own, and follows the network's main one")
        elif found not in {"public", UNKNOWN} and at(subnet.props, "mapPublicIpOnLaunch") is True:
            yield Finding(subnet, f"it is {found}, and gives what starts in it a public address")


def _nat_per_zone(stack: Stack, environment: Environment) -> Iterator[Finding]:
    if not environment.production:
        return
    gateways = stack.of(NAT_GATEWAY)
    for vpc in stack.of(VPC):
        private = [s for s in stack.of(SUBNET) if stack.refers(s, "vpcId", vpc) and tier(stack, s) == "private"]
        zones = {at(subnet.props, "availabilityZone") for subnet in private} - {UNKNOWN, None}
        served = {
            at(subnet.props, "availabilityZone")
            for gateway in gateways
            for subnet in stack.referenced(gateway, "subnetId", SUBNET)
        }
        if UNKNOWN not in served and (missing := zones - served):
            yield Finding(
                vpc, f"zones {joined([str(zone) for zone in missing])} have private subnets and no NAT gateway"
            )


def _flow_logs(stack: Stack, _: Environment) -> Iterator[Finding]:
    for vpc in stack.of(VPC):
        if not any(stack.refers(log, "vpcId", vpc) for log in stack.of(FLOW_LOG)):
            yield Finding(vpc, "no flow log records its traffic")


def _stores_private(resource: Resource, _: Environment) -> Iterator[str]:
    props = resource.props
    if resource.type == DATABASE:
        if at(props, "publiclyAccessible") is True:
            yield "publiclyAccessible is true"
        # A read copy within the region is put into its source's subnets.
        if not given(at(props, "dbSubnetGroupName")) and not given(at(props, "replicateSourceDb")):
            yield "without dbSubnetGroupName it is put into the default network"
    elif resource.type == CACHE:
        if not given(at(props, "subnetGroupName")):
            yield "without subnetGroupName it is put into the default network"
    elif not given(at(props, "vpcOptions")):
        yield "without vpcOptions it gets a public endpoint"


RULES: Final = (
    StackRule(
        name="nodes-in-private-subnets",
        description="Clusters and their nodes stand in private subnets only.",
        remedy="Give it the network's private subnets: those whose way out is a NAT gateway. "
        "For a shared network, list the ids in sharedSubnets.",
        types=frozenset({SUBNET, *ROUTING, *NODES}),
        settings=_SHARED,
        check=_nodes,
    ),
    StackRule(
        name="databases-in-isolated-subnets",
        description="Databases, caches and search stand in the isolated data subnets only.",
        remedy="Give it the network's data subnets: those without a way out. "
        "For a shared network, list the ids in sharedSubnets.",
        types=frozenset({SUBNET, *ROUTING, *STORES}),
        settings=_SHARED,
        check=_stores,
    ),
    ResourceRule(
        name="databases-not-public",
        description="Databases, caches and search have no public address and name their subnets.",
        remedy="Name the data subnets (dbSubnetGroupName, subnetGroupName, vpcOptions); leave publiclyAccessible off.",
        types=frozenset({DATABASE, CACHE, SEARCH}),
        check=_stores_private,
    ),
    StackRule(
        name="public-subnets-only-for-the-edge",
        description="Only load balancers and NAT gateways stand in public subnets.",
        remedy="Move it into the private subnets, and let the load balancer reach it there.",
        types=frozenset({SUBNET, *ROUTING, *PLACED}),
        check=_public,
    ),
    StackRule(
        name="subnets-have-routes-of-their-own",
        description="Every subnet has a route table of its own, and only public ones give public addresses.",
        remedy="Associate the route table of its tier, and leave mapPublicIpOnLaunch off.",
        types=frozenset({SUBNET, *ROUTING}),
        limits="A route made outside this program is not seen.",
        check=_own_routes,
    ),
    StackRule(
        name="nat-per-zone-in-production",
        description="In production each zone with private subnets has a NAT gateway of its own.",
        remedy="Set natPerZone, so that the loss of a zone does not cut off the others.",
        types=frozenset({VPC, SUBNET, *ROUTING, NAT_GATEWAY}),
        check=_nat_per_zone,
    ),
    StackRule(
        name="flow-logs-on",
        description="The traffic of every network is recorded.",
        remedy="Add a flow log for the network.",
        types=frozenset({VPC, FLOW_LOG}),
        check=_flow_logs,
    ),
)
