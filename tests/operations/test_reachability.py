"""Who reaches whom follows from routes, ACLs and security groups, as in a VPC."""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Network

import pytest
from patchbay_operations.network import ports
from patchbay_operations.network.model import AclRule, Actor, GroupRule, Kind, Route, SecurityGroup, Subnet, Vpc
from patchbay_operations.network.reachability import INTERNET, open_ports, reaches

WORLD = IPv4Network("0.0.0.0/0")
ALLOW_ALL = (AclRule(100, True, None, ports.ALL, WORLD),)
HTTPS = ((443, 443),)
MYSQL = ((3306, 3306),)


def subnet(name: str, cidr: str, *, gateway: str = "", ingress: Sequence[AclRule] = ALLOW_ALL) -> Subnet:
    routes = [Route("10.0.0.0/16", "local"), *([Route("0.0.0.0/0", gateway)] if gateway else [])]
    return Subnet(name, name, name, "zone-a", IPv4Network(cidr), tuple(routes), tuple(ingress), ALLOW_ALL)


def group(name: str, ingress: Sequence[GroupRule] = (), egress: Sequence[GroupRule] = ()) -> SecurityGroup:
    return SecurityGroup(name, name, tuple(ingress), tuple(egress))


EDGE = Actor("edge", Kind.LOAD_BALANCER, ("public",), ("edge",), public=True)
NODES = Actor("nodes", Kind.NODES, ("private",), ("nodes",))
DATABASE = Actor("database", Kind.DATABASE, ("data",), ("database",))


@pytest.fixture
def vpc() -> Vpc:
    """The internet to the edge on 443, the edge to nodes on 30080, nodes to the database on 3306."""
    subnets = (
        subnet("public", "10.0.0.0/24", gateway="igw-1"),
        subnet("private", "10.0.1.0/24", gateway="nat-1"),
        subnet("data", "10.0.2.0/24"),
    )
    groups = (
        group("edge", [GroupRule("tcp", HTTPS, WORLD)], [GroupRule("tcp", ((30080, 30080),), "nodes")]),
        group("nodes", [GroupRule("tcp", ((30080, 30080),), "edge")], [GroupRule("tcp", MYSQL, "database")]),
        group("database", [GroupRule("tcp", MYSQL, "nodes")]),
    )
    return Vpc(
        "vpc-1",
        IPv4Network("10.0.0.0/16"),
        {entry.identifier: entry for entry in subnets},
        {entry.identifier: entry for entry in groups},
        (EDGE, NODES, DATABASE),
        {},
    )


def with_group(vpc: Vpc, changed: SecurityGroup) -> Vpc:
    return replace(vpc, groups={**vpc.groups, changed.identifier: changed})


def with_subnet(vpc: Vpc, changed: Subnet) -> Vpc:
    return replace(vpc, subnets={**vpc.subnets, changed.identifier: changed})


def test_only_what_is_opened_is_reached(vpc: Vpc) -> None:
    found = {(reach.source.name, reach.target.name, ports.text(reach.ports)) for reach in reaches(vpc)}
    assert found == {("internet", "edge", "443"), ("edge", "nodes", "30080"), ("nodes", "database", "3306")}


def test_a_rule_on_one_side_alone_opens_nothing(vpc: Vpc) -> None:
    assert not open_ports(with_group(vpc, group("nodes")), NODES, DATABASE, "tcp")


def test_a_group_open_to_the_world_without_a_public_address_is_not_reached(vpc: Vpc) -> None:
    opened = with_group(vpc, group("database", [GroupRule(None, ports.ALL, WORLD)]))
    assert not open_ports(opened, INTERNET, DATABASE, "tcp")


def test_a_public_database_in_a_routed_subnet_is_reached(vpc: Vpc) -> None:
    opened = with_group(vpc, group("database", [GroupRule(None, ports.ALL, WORLD)]))
    public = replace(DATABASE, public=True, subnets=("public",))
    assert open_ports(opened, INTERNET, public, "tcp") == ports.ALL


def test_a_private_network_in_a_rule_is_not_the_internet(vpc: Vpc) -> None:
    inner = with_group(vpc, group("edge", [GroupRule("tcp", HTTPS, IPv4Network("10.0.0.0/8"))]))
    assert not open_ports(inner, INTERNET, EDGE, "tcp")


def test_a_rule_for_a_network_reaches_who_has_an_address_in_it(vpc: Vpc) -> None:
    by_network = with_group(vpc, group("database", [GroupRule("tcp", MYSQL, IPv4Network("10.0.1.128/25"))]))
    assert open_ports(by_network, NODES, DATABASE, "tcp") == MYSQL
    assert not open_ports(by_network, EDGE, DATABASE, "tcp")


def test_an_acl_closes_what_groups_open(vpc: Vpc) -> None:
    closed = with_subnet(vpc, subnet("data", "10.0.2.0/24", ingress=[AclRule(100, True, "tcp", HTTPS, WORLD)]))
    assert not open_ports(closed, NODES, DATABASE, "tcp")


def test_the_lowest_rule_of_an_acl_decides(vpc: Vpc) -> None:
    deny_first = [AclRule(90, False, "tcp", MYSQL, IPv4Network("10.0.1.0/24")), *ALLOW_ALL]
    allow_first = [
        AclRule(90, True, "tcp", MYSQL, IPv4Network("10.0.1.0/24")),
        AclRule(100, False, None, ports.ALL, WORLD),
    ]
    assert not open_ports(with_subnet(vpc, subnet("data", "10.0.2.0/24", ingress=deny_first)), NODES, DATABASE, "tcp")
    open_again = with_subnet(vpc, subnet("data", "10.0.2.0/24", ingress=allow_first))
    assert open_ports(open_again, NODES, DATABASE, "tcp") == MYSQL


def test_without_a_way_back_nothing_is_reached(vpc: Vpc) -> None:
    mute = replace(vpc.subnets["data"], acl_egress=())
    assert not open_ports(with_subnet(vpc, mute), NODES, DATABASE, "tcp")


def test_acls_do_not_stand_between_neighbours_in_a_subnet(vpc: Vpc) -> None:
    beside = replace(NODES, subnets=("data",))
    closed = with_subnet(vpc, subnet("data", "10.0.2.0/24", ingress=[]))
    assert open_ports(closed, beside, DATABASE, "tcp") == MYSQL


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (ports.of([(5, 9), (1, 3), (4, 4)]), ((1, 9),)),
        (ports.difference(((1, 10),), ((3, 4), (9, 20))), ((1, 2), (5, 8))),
        (ports.intersection(((1, 5), (8, 9)), ((4, 8),)), ((4, 5), (8, 8))),
        (ports.union(((1, 2),), ((2, 4),)), ((1, 4),)),
        (ports.difference(ports.ALL, ports.ALL), ports.NONE),
    ],
)
def test_sets_of_ports_are_combined_exactly(result: ports.Ports, expected: ports.Ports) -> None:
    assert result == expected


def test_ports_are_shown_as_people_write_them() -> None:
    assert ports.text(((443, 443), (1024, 65535))) == "443, 1024-65535"
    assert ports.text(ports.ALL) == "all"
