"""Every route, and who reaches whom, as boto3 finds them in each stack's account."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Any

import pytest
from patchbay_operations.checks.facts import Facts
from patchbay_operations.network import ports
from patchbay_operations.network.model import DATA, Actor, Kind
from patchbay_operations.network.reachability import INTERNET, Reach

from tests.emulated.deployment import Deployment

TIERS = ("public", "private", "data")
ZONES = ("eu-central-1a", "eu-central-1b", "eu-central-1c")


class Network:
    """The environment's VPC in boto3's words."""

    def __init__(self, deployment: Deployment) -> None:
        self._ec2 = deployment.emulation.access.client("ec2")
        environment = [{"Name": "tag:patchbay:environment", "Values": [deployment.emulation.config.environment]}]
        (self.vpc,) = self._ec2.describe_vpcs(Filters=environment)["Vpcs"]
        self._inside = [{"Name": "vpc-id", "Values": [self.vpc["VpcId"]]}]

    def subnets(self, tier: str) -> dict[str, dict[str, Any]]:
        """By zone."""
        found = self._ec2.describe_subnets(Filters=[*self._inside, {"Name": "tag:patchbay:tier", "Values": [tier]}])
        return {subnet["AvailabilityZone"]: subnet for subnet in found["Subnets"]}

    def routes(self, subnet: str) -> dict[str, str]:
        """Target by destination."""
        here = {"Name": "association.subnet-id", "Values": [subnet]}
        (table,) = self._ec2.describe_route_tables(Filters=[*self._inside, here])["RouteTables"]
        return {
            route.get("DestinationCidrBlock") or route["DestinationPrefixListId"]: route.get("NatGatewayId")
            or route["GatewayId"]
            for route in table["Routes"]
        }

    @property
    def within(self) -> dict[str, str]:
        """The VPC's own routes: one for each of its networks."""
        ranges = [one["CidrBlock"] for one in self.vpc["CidrBlockAssociationSet"]]
        assert self.vpc["CidrBlock"] in ranges
        return dict.fromkeys(ranges, "local")

    def access_list(self, subnet: str) -> str:
        here = {"Name": "association.subnet-id", "Values": [subnet]}
        (found,) = self._ec2.describe_network_acls(Filters=[*self._inside, here])["NetworkAcls"]
        return str(found["NetworkAclId"])

    @property
    def s3(self) -> dict[str, str]:
        """The route of the gateway endpoint of S3."""
        (prefixes,) = self._ec2.describe_prefix_lists(
            Filters=[{"Name": "prefix-list-name", "Values": ["com.amazonaws.eu-central-1.s3"]}]
        )["PrefixLists"]
        (endpoint,) = self._ec2.describe_vpc_endpoints(
            Filters=[*self._inside, {"Name": "vpc-endpoint-type", "Values": ["Gateway"]}]
        )["VpcEndpoints"]
        return {prefixes["PrefixListId"]: endpoint["VpcEndpointId"]}

    @property
    def internet_gateway(self) -> str:
        here = [{"Name": "attachment.vpc-id", "Values": [self.vpc["VpcId"]]}]
        (gateway,) = self._ec2.describe_internet_gateways(Filters=here)["InternetGateways"]
        return str(gateway["InternetGatewayId"])

    @property
    def nat_gateways(self) -> dict[str, str]:
        """By the zone that they stand in."""
        zones = {subnet["SubnetId"]: zone for zone, subnet in self.subnets("public").items()}
        found = self._ec2.describe_nat_gateways(Filters=self._inside)["NatGateways"]
        return {zones[nat["SubnetId"]]: nat["NatGatewayId"] for nat in found if nat["State"] == "available"}


@pytest.fixture
def network(deployment: Deployment) -> Network:
    return Network(deployment)


@pytest.mark.parametrize("tier", TIERS)
def test_a_tier_has_a_subnet_in_each_zone(network: Network, tier: str) -> None:
    subnets = network.subnets(tier)
    assert tuple(sorted(subnets)) == ZONES
    blocks = [IPv4Network(subnet["CidrBlock"]) for subnet in subnets.values()]
    assert all(block.subnet_of(IPv4Network(network.vpc["CidrBlock"])) for block in blocks)
    assert not any(subnet["MapPublicIpOnLaunch"] for subnet in subnets.values())


@pytest.mark.parametrize("zone", ZONES)
def test_every_route_of_a_public_subnet(network: Network, zone: str) -> None:
    assert network.routes(network.subnets("public")[zone]["SubnetId"]) == {
        **network.within,
        "0.0.0.0/0": network.internet_gateway,
    }


@pytest.mark.parametrize("zone", ZONES)
def test_every_route_of_a_private_subnet(network: Network, deployment: Deployment, zone: str) -> None:
    nats = network.nat_gateways
    if deployment.emulation.config.stack == "dev":
        assert len(nats) == 1
    else:
        assert tuple(sorted(nats)) == ZONES
    own = nats.get(zone, next(iter(nats.values())))
    assert network.routes(network.subnets("private")[zone]["SubnetId"]) == {
        **network.within,
        **network.s3,
        "0.0.0.0/0": own,
    }


def test_pods_have_addresses_beside_the_nodes_and_the_ways_of_their_zones_nodes(
    network: Network, deployment: Deployment
) -> None:
    pods, nodes = network.subnets("pods"), network.subnets("private")
    assert tuple(sorted(pods)) == (() if deployment.emulation.config.stack == "dev" else ZONES)
    for zone, subnet in pods.items():
        assert IPv4Network(subnet["CidrBlock"]).subnet_of(IPv4Network("100.64.0.0/10"))
        here, there = subnet["SubnetId"], nodes[zone]["SubnetId"]
        assert network.routes(here) == network.routes(there)
        assert network.access_list(here) == network.access_list(there)


@pytest.mark.parametrize("zone", ZONES)
def test_every_route_of_a_data_subnet(network: Network, zone: str) -> None:
    assert network.routes(network.subnets("data")[zone]["SubnetId"]) == {
        **network.within,
        **network.s3,
    }


# What is open from one kind to another over TCP; everything that is not here is closed.
OPEN = {
    (Kind.INTERNET, Kind.LOAD_BALANCER): "443",
    (Kind.LOAD_BALANCER, Kind.NODES): "30080-30081",
    (Kind.NODES, Kind.DATABASE): "3306",
    (Kind.NODES, Kind.CACHE): "6379",
    (Kind.NODES, Kind.SEARCH): "443",
    (Kind.NODES, Kind.CONTROL_PLANE): "443",
    (Kind.NODES, Kind.ENDPOINT): "443",
    (Kind.NODES, Kind.NODES): "all",
    # Admission hooks, the metrics adapter and the kubelets.
    (Kind.CONTROL_PLANE, Kind.NODES): "6443, 10250-10251",
    (Kind.CONTROL_PLANE, Kind.ENDPOINT): "443",
    # The edge is there for everybody.
    (Kind.NODES, Kind.LOAD_BALANCER): "443",
    (Kind.CONTROL_PLANE, Kind.LOAD_BALANCER): "443",
    (Kind.VPN, Kind.ENDPOINT): "443",
    (Kind.VPN, Kind.CONTROL_PLANE): "443",
}
OF_ONE_CLUSTER = {Kind.NODES, Kind.CONTROL_PLANE, Kind.CACHE}


def expected(source: Actor, target: Actor) -> dict[str, str]:
    """Open ports by protocol."""
    if {source.kind, target.kind} <= OF_ONE_CLUSTER and source.name.split("/")[0] != target.name.split("/")[0]:
        return {}
    opened = OPEN.get((source.kind, target.kind))
    protocols = ("tcp", "udp") if source.kind is target.kind else ("tcp",)
    return dict.fromkeys(protocols, opened) if opened else {}


def test_who_reaches_whom(facts: Facts) -> None:
    actors = facts.vpc.actors
    found = {(str(reach.source), str(reach.target), reach.protocol): ports.text(reach.ports) for reach in facts.reaches}
    wanted = {
        (str(source), str(target), protocol): opened
        for source in (INTERNET, *actors)
        for target in actors
        if source != target
        for protocol, opened in expected(source, target).items()
    }
    assert found == wanted


def test_everything_with_an_address_in_the_network_was_looked_at(facts: Facts, deployment: Deployment) -> None:
    stack = deployment.emulation.config.stack
    clusters = 2 if stack == "production" else 1
    kinds = [actor.kind for actor in facts.vpc.actors]
    assert kinds.count(Kind.LOAD_BALANCER) == 1
    assert kinds.count(Kind.CONTROL_PLANE) == kinds.count(Kind.CACHE) == clusters
    assert kinds.count(Kind.DATABASE) == 2
    assert kinds.count(Kind.SEARCH) == 1
    assert kinds.count(Kind.VPN) == (0 if stack == "dev" else 1)
    groups = {"dev": 2, "staging": 3, "production": 3 + 4}  # zonal: flows in each of three zones, and the system's
    assert kinds.count(Kind.NODES) == groups[stack]
    endpoints = {actor.name for actor in facts.vpc.actors if actor.kind is Kind.ENDPOINT}
    assert {"ec2", "ecr.api", "ecr.dkr", "logs", "secretsmanager", "sts"} <= endpoints


def reaching(facts: Facts, kind: Kind) -> Iterator[Reach]:
    return (reach for reach in facts.reaches if reach.target.kind is kind)


def test_the_internet_reaches_only_the_edge(facts: Facts) -> None:
    reached = [
        (reach.target.kind, reach.protocol, reach.ports)
        for reach in facts.reaches
        if reach.source.kind is Kind.INTERNET
    ]
    assert reached == [(Kind.LOAD_BALANCER, "tcp", ((443, 443),))]


@pytest.mark.parametrize("kind", sorted(DATA))
def test_nothing_but_nodes_reaches_data(facts: Facts, kind: Kind) -> None:
    assert {reach.source.kind for reach in reaching(facts, kind)} == {Kind.NODES}


def test_no_cluster_reaches_another_one_s_cache(facts: Facts) -> None:
    pairs = {(reach.source.name.split("/")[0], reach.target.name) for reach in reaching(facts, Kind.CACHE)}
    assert pairs == {(cluster["name"], cluster["name"]) for cluster in facts.clusters}
