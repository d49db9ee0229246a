"""Routes, and who reaches whom."""

from collections.abc import Iterator

from patchbay_operations.checks.check import Check
from patchbay_operations.checks.facts import Facts
from patchbay_operations.network import ports
from patchbay_operations.network.model import DATA, Actor, Kind, Route, Subnet

_DEFAULT = {"0.0.0.0/0", "::/0"}


def _routes_by_tier(facts: Facts) -> Iterator[str | None]:
    gateways = {
        gateway["NatGatewayId"]: gateway["SubnetId"]
        for gateway in facts.pages("ec2", "describe_nat_gateways", "NatGateways")
        if gateway["State"] == "available"
    }
    for subnet in facts.vpc.subnets.values():
        for route in subnet.routes:
            yield _judge(facts, subnet, route, gateways)
        has_default = any(route.destination in _DEFAULT for route in subnet.routes)
        if subnet.tier == "data":
            yield f"{subnet.name} has a default route; data subnets are isolated" if has_default else None
        else:
            yield None if has_default else f"{subnet.name} has no default route"


def _judge(facts: Facts, subnet: Subnet, route: Route, gateways: dict[str, str]) -> str | None:
    """What is wrong with a route for the subnet's tier."""
    where = f"{subnet.name}: {route.destination} to {route.target}"
    if route.target == "local" or (route.destination.startswith("pl-") and route.target.startswith("vpce-")):
        return None
    if subnet.tier == "public":
        return None if route.target.startswith("igw-") else f"{where}, which is not an internet gateway"
    if subnet.tier in {"private", "pods"} and route.destination in _DEFAULT:
        home = facts.vpc.subnets.get(gateways.get(route.target, ""))
        if home is None:
            return f"{where}, which is no NAT gateway of this VPC"
        if facts.production and home.zone != subnet.zone:
            return f"{where}, a NAT gateway in {home.zone}: the loss of that zone cuts off {subnet.zone}"
        return None
    return f"{where} is not meant to be in a {subnet.tier} subnet"


def _internet_reaches_only_the_edge(facts: Facts) -> Iterator[str | None]:
    for reach in facts.reaches:
        if reach.source.kind is not Kind.INTERNET:
            continue
        if reach.target.kind is not Kind.LOAD_BALANCER or reach.protocol != "tcp":
            yield f"the internet reaches {reach.target} on {reach.protocol} {ports.text(reach.ports)}"
        elif ports.difference(reach.ports, ((443, 443),)):
            yield f"the internet reaches {reach.target} on {ports.text(reach.ports)} besides 443"
        else:
            yield None


def _only_nodes_reach_data(facts: Facts) -> Iterator[str | None]:
    for reach in facts.reaches:
        if reach.target.kind in DATA:
            entitled = _entitled(reach.source, reach.target)
            yield None if entitled else f"{reach.source} reaches {reach.target} on {ports.text(reach.ports)}"


def _entitled(source: Actor, target: Actor) -> bool:
    """Databases and the search are all clusters', a cache is the one's whose name it has."""
    return source.kind is Kind.NODES and (target.kind is not Kind.CACHE or _cluster(source) == target.name)


def _cluster(nodes: Actor) -> str:
    return nodes.name.partition("/")[0]


def _nodes_reach_their_data(facts: Facts) -> Iterator[str | None]:
    """The other side of isolation: what is not reachable is of no use."""
    wanted = {Kind.DATABASE: 3306, Kind.CACHE: 6379, Kind.SEARCH: 443}
    opened = {(reach.source, reach.target): reach.ports for reach in facts.reaches if reach.protocol == "tcp"}
    for target in (actor for actor in facts.vpc.actors if actor.kind in wanted):
        port = wanted[target.kind]
        for nodes in (actor for actor in facts.vpc.actors if _entitled(actor, target)):
            reached = ports.intersection(opened.get((nodes, target), ports.NONE), ((port, port),))
            yield None if reached else f"{nodes} do not reach {target} on {port}"


def _tiers(facts: Facts) -> Iterator[str | None]:
    wanted = {Kind.LOAD_BALANCER: {"public"}, Kind.NODES: {"private"}, Kind.ENDPOINT: {"private"}}
    wanted |= {Kind.CONTROL_PLANE: {"private"}, Kind.VPN: {"private"}} | {kind: {"data"} for kind in DATA}
    for actor in facts.vpc.actors:
        yield _misplaced(facts, actor, wanted[actor.kind])


def _misplaced(facts: Facts, actor: Actor, tiers: set[str]) -> str | None:
    found = {facts.vpc.subnets[name].tier for name in actor.subnets}
    if not found:
        return f"{actor} is in no subnet of the VPC"
    return None if found <= tiers else f"{actor} is in {', '.join(sorted(found))} subnets"


def _api_servers(facts: Facts) -> Iterator[str | None]:
    for cluster, networks in facts.vpc.api_allowlist.items():
        wide = [str(network) for network in networks if network.prefixlen < 16]
        yield f"{cluster}'s API server answers {', '.join(wide)}" if wide else None


def _defaults_are_empty(facts: Facts) -> Iterator[str | None]:
    inside = [{"Name": "vpc-id", "Values": [facts.vpc.identifier]}]
    for group in facts.pages("ec2", "describe_security_groups", "SecurityGroups", Filters=inside):
        if group["GroupName"] == "default":
            rules = facts.vpc.groups[group["GroupId"]]
            yield "the default security group has rules" if rules.ingress or rules.egress else None
    for acl in facts.pages("ec2", "describe_network_acls", "NetworkAcls", Filters=inside):
        if acl["IsDefault"]:
            allowing = [entry for entry in acl["Entries"] if entry["RuleAction"] == "allow"]
            yield "the default network ACL lets traffic through" if allowing else None


CHECKS = (
    Check("routes", "Does every subnet have the routes of its tier, and no other?", _routes_by_tier),
    Check("tiers", "Is everything in subnets of its tier?", _tiers),
    Check("edge only", "Does the internet reach the edge on 443, and nothing else?", _internet_reaches_only_the_edge),
    Check(
        "data isolated",
        "Does nothing but nodes reach the data, and each cache but its own cluster's?",
        _only_nodes_reach_data,
    ),
    Check("data reachable", "Do nodes reach every data store on its port?", _nodes_reach_their_data),
    Check("API servers", "Do the clusters' public endpoints answer allowlists only?", _api_servers),
    Check("defaults", "Are the VPC's default security group and network ACL empty?", _defaults_are_empty),
)
