"""Where things may stand in the network."""

from collections.abc import Iterator
from typing import Any, Final

from patchbay_policies.model import (
    UNKNOWN,
    Environment,
    Finding,
    Resource,
    ResourceRule,
    Stack,
    StackRule,
)
from patchbay_policies.reading import at, given, holds, is_world, joined
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

TIER_TAG: Final = "patchbay:tier"
TIERS: Final = ("public", "private", "data")

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


def tier(subnet: Resource) -> Any:
    return at(subnet.props, "tags", TIER_TAG)


def _outside(stack: Stack, places: dict[str, str], wanted: str) -> Iterator[Finding]:
    for resource in stack.of(*places):
        subnets = stack.referenced(resource, places[resource.type], SUBNET)
        if not subnets:
            yield Finding(resource, f"its {places[resource.type]} names no subnet of this program")
        for subnet in subnets:
            if not holds(tier(subnet), wanted):
                yield Finding(resource, f"it stands in subnet {subnet.name}, which is not tagged {TIER_TAG}={wanted}")


def _nodes(stack: Stack, _: Environment) -> Iterator[Finding]:
    return _outside(stack, NODES, "private")


def _stores(stack: Stack, _: Environment) -> Iterator[Finding]:
    return _outside(stack, STORES, "data")


def _public(stack: Stack, _: Environment) -> Iterator[Finding]:
    for resource in stack.of(*PLACED):
        if resource.type in PUBLIC:
            continue
        for subnet in stack.referenced(resource, PLACED[resource.type], SUBNET):
            if tier(subnet) == "public":
                yield Finding(resource, f"it stands in the public subnet {subnet.name}")


def _tiers(stack: Stack, _: Environment) -> Iterator[Finding]:
    for subnet in stack.of(SUBNET):
        said = tier(subnet)
        if said is UNKNOWN:
            continue
        if said not in TIERS:
            yield Finding(subnet, f"its tag {TIER_TAG} is {said!r}")
            continue
        if said != "public" and at(subnet.props, "mapPublicIpOnLaunch") is True:
            yield Finding(subnet, f"it is tagged {said}, and gives what starts in it a public address")
        for route in _routes(stack, subnet):
            target = "an internet gateway" if _to_internet(stack, route) else "a NAT gateway"
            if said == "data" and _leaves(route):
                yield Finding(subnet, f"it is tagged data, and route {route.name} leads out of the network")
            elif said == "private" and _to_internet(stack, route):
                yield Finding(subnet, f"it is tagged private, and route {route.name} leads to {target}")


def _routes(stack: Stack, subnet: Resource) -> Iterator[Resource]:
    for association in stack.of(ROUTE_TABLE_ASSOCIATION):
        if stack.refers(association, "subnetId", subnet):
            for table in stack.referenced(association, "routeTableId", ROUTE_TABLE):
                yield from (route for route in stack.of(ROUTE) if stack.refers(route, "routeTableId", table))


def _leaves(route: Resource) -> bool:
    return is_world(at(route.props, "destinationCidrBlock")) or is_world(at(route.props, "destinationIpv6CidrBlock"))


def _to_internet(stack: Stack, route: Resource) -> bool:
    literal = at(route.props, "gatewayId")
    return bool(stack.referenced(route, "gatewayId", INTERNET_GATEWAY)) or (
        isinstance(literal, str) and literal.startswith("igw-")
    )


def _nat_per_zone(stack: Stack, environment: Environment) -> Iterator[Finding]:
    if not environment.production:
        return
    gateways = stack.of(NAT_GATEWAY)
    for vpc in stack.of(VPC):
        private = [s for s in stack.of(SUBNET) if tier(s) == "private" and stack.refers(s, "vpcId", vpc)]
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
        remedy=f"Give it the network's private subnets, which are tagged {TIER_TAG}=private.",
        types=frozenset({SUBNET, *NODES}),
        check=_nodes,
    ),
    StackRule(
        name="databases-in-isolated-subnets",
        description="Databases, caches and search stand in the isolated data subnets only.",
        remedy=f"Give it the network's data subnets, which are tagged {TIER_TAG}=data.",
        types=frozenset({SUBNET, *STORES}),
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
        types=frozenset({SUBNET, *PLACED}),
        check=_public,
    ),
    StackRule(
        name="subnets-are-what-their-tier-says",
        description="Private subnets have no route to an internet gateway, data subnets no way out at all.",
        remedy=f"Tag it {TIER_TAG}=public, private or data, and give it routes and addresses of that tier only.",
        types=frozenset({SUBNET, ROUTE, ROUTE_TABLE, ROUTE_TABLE_ASSOCIATION, INTERNET_GATEWAY}),
        limits="A route made outside this program is not seen.",
        check=_tiers,
    ),
    StackRule(
        name="nat-per-zone-in-production",
        description="In production each zone with private subnets has a NAT gateway of its own.",
        remedy="Set natPerZone, so that the loss of a zone does not cut off the others.",
        types=frozenset({VPC, SUBNET, NAT_GATEWAY}),
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
