"""What the network gives: three tiers of subnets, and no way in or out of one but the stated ones."""

import json
from collections import Counter
from collections.abc import Mapping
from ipaddress import IPv4Network
from itertools import combinations
from typing import Any

import pulumi
import pytest
from patchbay_infra.context import Context
from patchbay_infra.network.address_plan import divide
from patchbay_infra.network.component import Network
from patchbay_infra.network.config import NetworkConfig

from tests.unit.infra.mocks import ACCOUNT, PRODUCTION, STAGING, ZONES, Created, Recorded, mock_id, record
from tests.unit.infra.refusals import refusal

CIDR = "10.20.0.0/16"
LOGS_KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/logs"
OUTPUTS: Mapping[str, Mapping[str, Any]] = {
    "ec2/vpc:Vpc": {"defaultNetworkAclId": "acl-default"},
    "ec2/eip:Eip": {"publicIp": "203.0.113.10"},
}


def network(context: Context = PRODUCTION, **changes: Any) -> Recorded:
    def program() -> Mapping[str, Any]:
        config = NetworkConfig.model_validate({"cidr": CIDR, **changes})
        made = Network("network", config, context=context, logs_key_arn=LOGS_KEY, opts=pulumi.ResourceOptions())
        return {
            "vpc": made.vpc_id,
            "cidr": made.cidr,
            "private": made.private_subnet_ids,
            "privateCidrs": made.private_cidrs,
            "dataCidrs": made.data_cidrs,
            "nat": made.nat_addresses,
            "dataAcl": made.data_acl_id,
        }

    return record(program, outputs=OUTPUTS)


@pytest.fixture(scope="module")
def production() -> Recorded:
    return network()


def of_tier(recorded: Recorded, token: str, tier: str) -> list[Created]:
    return [one for one in recorded.of(token) if one.name.startswith(f"network-{tier}")]


def routes_of(recorded: Recorded, subnet: Created) -> list[Created]:
    associations = recorded.of("ec2/routeTableAssociation:RouteTableAssociation")
    (table,) = [one.inputs["routeTableId"] for one in associations if one.inputs["subnetId"] == subnet.id]
    return [one for one in recorded.of("ec2/route:Route") if one.inputs["routeTableId"] == table]


def rules(recorded: Recorded, tier: str, *, egress: bool) -> set[tuple[str, str, int, int]]:
    """Protocol, network and ports of what the tier's access list lets through."""
    return {
        (
            rule.inputs["protocol"],
            rule.inputs["cidrBlock"],
            rule.inputs["fromPort"],
            rule.inputs["toPort"],
        )
        for rule in recorded.of("ec2/networkAclRule:NetworkAclRule")
        if rule.inputs["networkAclId"] == mock_id(f"network-acl-{tier}") and rule.inputs["egress"] is egress
    }


@pytest.mark.parametrize("prefix", [16, 18, 20])
@pytest.mark.parametrize("zones", [ZONES[:2], ZONES])
def test_every_subnet_lies_in_the_vpc_beside_the_others(prefix: int, zones: tuple[str, ...]) -> None:
    vpc = IPv4Network(f"10.0.0.0/{prefix}")
    plan = divide(vpc, zones)
    subnets = [*plan.public.values(), *plan.private.values(), *plan.data.values()]
    assert len(subnets) == 3 * len(zones)
    assert all(subnet.subnet_of(vpc) for subnet in subnets)
    assert not any(one.overlaps(other) for one, other in combinations(subnets, 2))
    assert {subnet.prefixlen for subnet in plan.private.values()} == {prefix + 2}
    assert {subnet.prefixlen for subnet in (*plan.public.values(), *plan.data.values())} == {prefix + 6}


def test_a_zone_that_is_added_renumbers_no_subnet() -> None:
    two, three = (divide(IPv4Network(CIDR), ZONES[:number]) for number in (2, 3))
    for before, after in ((two.public, three.public), (two.private, three.private), (two.data, three.data)):
        assert before.items() <= after.items()


@pytest.mark.parametrize(
    ("prefix", "zones", "remedy"),
    [
        (15, ZONES, "widen or narrow it"),
        (21, ZONES, "widen or narrow it"),
        (16, (ZONES[0], ZONES[0]), "name each zone once"),
        (16, ZONES[:1], "name two, so that one may fail, or three"),
        (16, (*ZONES, "eu-central-1d"), "name two, so that one may fail, or three"),
    ],
)
def test_what_the_plan_does_not_fit_is_refused(prefix: int, zones: tuple[str, ...], remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        divide(IPv4Network(f"10.0.0.0/{prefix}"), zones)


def test_each_tier_has_a_subnet_in_each_zone_and_none_hands_out_public_addresses(production: Recorded) -> None:
    for tier in ("public", "private", "data"):
        subnets = of_tier(production, "ec2/subnet:Subnet", tier)
        assert {subnet.inputs["availabilityZone"] for subnet in subnets} == set(ZONES)
        assert not any(subnet.inputs["mapPublicIpOnLaunch"] for subnet in subnets)
    assert set(production.outputs["private"]) == set(ZONES)


def test_kubernetes_finds_the_subnets_for_its_load_balancers(production: Recorded) -> None:
    for tier, role in (("public", "kubernetes.io/role/elb"), ("private", "kubernetes.io/role/internal-elb")):
        assert all(one.inputs["tags"][role] == "1" for one in of_tier(production, "ec2/subnet:Subnet", tier))
    for subnet in of_tier(production, "ec2/subnet:Subnet", "data"):
        assert not any(key.startswith("kubernetes.io/") for key in subnet.inputs["tags"])


def test_every_resource_is_found_again_by_its_name(production: Recorded) -> None:
    names = Counter((one.type, one.inputs["tags"]["Name"]) for one in production.resources if "tags" in one.inputs)
    assert max(names.values()) == 1
    assert ("aws:ec2/subnet:Subnet", f"patchbay-production-data-{ZONES[0]}") in names


def test_in_production_each_zone_leaves_by_its_own_nat(production: Recorded) -> None:
    for subnet in of_tier(production, "ec2/subnet:Subnet", "private"):
        zone = subnet.inputs["availabilityZone"]
        (route,) = routes_of(production, subnet)
        assert route.inputs["destinationCidrBlock"] == "0.0.0.0/0"
        nat = production.by_id("NatGateway", route.inputs["natGatewayId"])
        assert production.by_id("ec2/subnet:Subnet", nat.inputs["subnetId"]).inputs["availabilityZone"] == zone
    assert set(production.outputs["nat"]) == set(ZONES)


def test_an_environment_may_share_one_nat_but_not_its_route_tables() -> None:
    recorded = network(STAGING, natPerZone=False)
    subnets = of_tier(recorded, "ec2/subnet:Subnet", "private")
    leaving = [route for subnet in subnets for route in routes_of(recorded, subnet)]
    assert len({route.inputs["routeTableId"] for route in leaving}) == len(ZONES)
    assert {route.inputs["natGatewayId"] for route in leaving} == {recorded.one("NatGateway").id}
    assert set(recorded.outputs["nat"]) == {ZONES[0]}


def test_only_public_subnets_lead_to_the_internet_gateway(production: Recorded) -> None:
    for subnet in of_tier(production, "ec2/subnet:Subnet", "public"):
        (route,) = routes_of(production, subnet)
        assert route.inputs["gatewayId"] == production.one("InternetGateway").id
    gateways = [route for route in production.of("ec2/route:Route") if "gatewayId" in route.inputs]
    assert len(gateways) == 1


def test_data_subnets_have_no_route_out(production: Recorded) -> None:
    for subnet in of_tier(production, "ec2/subnet:Subnet", "data"):
        assert routes_of(production, subnet) == []


def test_data_answers_private_subnets_on_its_ports_and_nobody_else(production: Recorded) -> None:
    private = production.outputs["privateCidrs"].values()
    assert rules(production, "data", egress=False) == {
        ("tcp", cidr, port, port) for cidr in private for port in (3306, 6379, 443)
    }
    assert rules(production, "data", egress=True) == {("tcp", cidr, 1024, 65535) for cidr in private}


def test_the_internet_gets_no_connection_to_a_well_known_port_of_public_or_private_subnets(
    production: Recorded,
) -> None:
    for tier in ("public", "private"):
        from_world = {rule for rule in rules(production, tier, egress=False) if rule[1] == "0.0.0.0/0"}
        assert from_world == {("tcp", "0.0.0.0/0", 1024, 65535)}


def test_nodes_speak_any_protocol_among_themselves(production: Recorded) -> None:
    for egress in (True, False):
        among = {("-1", cidr, 0, 0) for cidr in production.outputs["privateCidrs"].values()}
        assert among <= rules(production, "private", egress=egress)


def test_every_subnet_is_under_the_access_list_of_its_tier(production: Recorded) -> None:
    associations = production.of("ec2/networkAclAssociation:NetworkAclAssociation")
    for tier in ("public", "private", "data"):
        expected = {subnet.id for subnet in of_tier(production, "ec2/subnet:Subnet", tier)}
        under = {
            one.inputs["subnetId"] for one in associations if f"network-acl-{tier}-id" == one.inputs["networkAclId"]
        }
        assert under == expected
    assert production.outputs["dataAcl"] == mock_id("network-acl-data")


def test_subnets_that_are_on_their_way_to_their_list_are_no_change_of_the_default_one(production: Recorded) -> None:
    """EC2 puts each new subnet under the VPC's default list; the provider reads that (terraform-aws-vpc issue 529)."""
    assert production.one("ec2/defaultNetworkAcl:DefaultNetworkAcl").ignored == ("subnetIds",)


def test_the_defaults_of_the_vpc_let_nothing_through(production: Recorded) -> None:
    assert production.one("DefaultNetworkAcl").inputs["defaultNetworkAclId"] == "acl-default"
    for token in ("DefaultNetworkAcl", "DefaultSecurityGroup"):
        assert not {"ingress", "egress"} & set(production.one(token).inputs)


def test_images_secrets_and_logs_are_reached_without_leaving_the_vpc(production: Recorded) -> None:
    endpoints = [one.inputs for one in production.of("VpcEndpoint") if one.inputs["vpcEndpointType"] == "Interface"]
    assert {one["serviceName"].removeprefix("com.amazonaws.eu-central-1.") for one in endpoints} == {
        "ec2",
        "ecr.api",
        "ecr.dkr",
        "eks-auth",
        "logs",
        "secretsmanager",
        "sts",
    }
    assert all(one["privateDnsEnabled"] for one in endpoints)
    assert all(set(one["subnetIds"]) == set(production.outputs["private"].values()) for one in endpoints)


def test_endpoints_answer_private_subnets_only_and_on_https_only(production: Recorded) -> None:
    ingress = [one.inputs for one in production.of("SecurityGroupIngressRule")]
    assert {one["cidrIpv4"] for one in ingress} == set(production.outputs["privateCidrs"].values())
    assert {(one["ipProtocol"], one["fromPort"], one["toPort"]) for one in ingress} == {("tcp", 443, 443)}
    assert production.of("SecurityGroupEgressRule") == []


def test_only_this_accounts_buckets_and_image_layers_are_reached_through_the_endpoint(production: Recorded) -> None:
    (gateway,) = [one for one in production.of("VpcEndpoint") if one.inputs["vpcEndpointType"] == "Gateway"]
    own, layers = json.loads(gateway.inputs["policy"])["Statement"]
    assert own["Condition"] == {"StringEquals": {"aws:PrincipalAccount": ACCOUNT, "aws:ResourceAccount": ACCOUNT}}
    assert "s3:*" not in own["Action"]
    assert layers["Resource"] == ["arn:aws:s3:::prod-eu-central-1-starport-layer-bucket/*"]
    assert layers["Action"] == ["s3:GetObject"]
    tables = {one.id for tier in ("private", "data") for one in of_tier(production, "RouteTable", tier)}
    assert set(gateway.inputs["routeTableIds"]) == tables


def test_all_traffic_is_logged_encrypted_for_the_configured_time() -> None:
    recorded = network(flowLogDays=90)
    group = recorded.one("LogGroup").inputs
    assert (group["kmsKeyId"], group["retentionInDays"]) == (LOGS_KEY, 90)
    assert recorded.one("FlowLog").inputs["trafficType"] == "ALL"


def test_the_flow_logs_role_writes_its_log_group_and_nothing_else(production: Recorded) -> None:
    (statement,) = json.loads(production.one("RolePolicy").inputs["policy"])["Statement"]
    group = f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:patchbay-production-flow-logs"
    assert statement["Resource"] == [group, f"{group}:*"]
    assert all(action.startswith("logs:") and "*" not in action for action in statement["Action"])
    (trust,) = json.loads(production.one("iam/role:Role").inputs["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}


@pytest.fixture(scope="module")
def with_pods() -> Recorded:
    return network(podRanges=["100.64.0.0/16"])


def test_pods_have_a_subnet_of_their_own_in_each_zone_after_the_vpc_has_their_range(with_pods: Recorded) -> None:
    association = with_pods.one("VpcIpv4CidrBlockAssociation")
    assert association.inputs == {"vpcId": with_pods.one("ec2/vpc:Vpc").id, "cidrBlock": "100.64.0.0/16"}
    subnets = of_tier(with_pods, "ec2/subnet:Subnet", "pods")
    assert {one.inputs["availabilityZone"]: one.inputs["cidrBlock"] for one in subnets} == dict(
        zip(ZONES, ("100.64.0.0/18", "100.64.64.0/18", "100.64.128.0/18"), strict=True)
    )
    # No controller puts a load balancer into them.
    assert not [key for one in subnets for key in one.inputs["tags"] if key.startswith("kubernetes.io/")]
    assert not of_tier(network(), "ec2/subnet:Subnet", "pods")


def test_clusters_know_pods_ranges_from_their_making(with_pods: Recorded) -> None:
    """Their subnets wait for the ranges: a control plane may take an hour to know one that comes after it (EKS' user
    guide, "VPC and subnet requirements").
    """
    ranges = {one.name for one in with_pods.of("VpcIpv4CidrBlockAssociation")}
    private = of_tier(with_pods, "ec2/subnet:Subnet", "private")
    assert len(private) == len(ZONES)
    assert all(ranges <= one.after for one in private)


def test_ranges_for_pods_that_come_later_change_nothing_that_is_there(
    production: Recorded, with_pods: Recorded
) -> None:
    """The nodes of an environment go on calling while it gets them: EC2 changes no number of a rule, for instance."""
    after = {(one.type, one.name): one.inputs for one in with_pods.resources}
    assert {(one.type, one.name): one.inputs for one in production.resources}.items() <= after.items()
    assert len(after) > len(production.resources)


def test_pods_leave_as_their_zones_nodes_do_and_reach_what_these_reach(with_pods: Recorded) -> None:
    pods, nodes = (of_tier(with_pods, "ec2/subnet:Subnet", tier) for tier in ("pods", "private"))
    for pod, node in zip(pods, nodes, strict=True):
        assert [one.name for one in routes_of(with_pods, pod)] == [one.name for one in routes_of(with_pods, node)]
    under = {
        one.inputs["subnetId"]: one.inputs["networkAclId"]
        for one in with_pods.of("ec2/networkAclAssociation:NetworkAclAssociation")
    }
    assert {under[one.id] for one in (*pods, *nodes)} == {mock_id("network-acl-private")}
    both = {one.inputs["cidrBlock"] for one in (*pods, *nodes)}
    for egress in (True, False):
        assert {("-1", cidr, 0, 0) for cidr in both} <= rules(with_pods, "private", egress=egress)
    assert rules(with_pods, "data", egress=False) == {
        ("tcp", cidr, port, port) for cidr in both for port in (3306, 6379, 443)
    }
    assert {one.inputs["cidrIpv4"] for one in with_pods.of("SecurityGroupIngressRule")} == both


def test_no_access_list_has_more_rules_than_aws_takes(with_pods: Recorded) -> None:
    """20 in each direction (VPC's quotas); the edge adds two to the public one's."""
    for tier in ("public", "private", "data"):
        for egress in (True, False):
            assert len(rules(with_pods, tier, egress=egress)) <= 18


def test_zones_may_have_a_range_each() -> None:
    ranges = ["100.64.0.0/16", "100.65.0.0/16", "100.66.0.0/16"]
    recorded = network(podRanges=ranges)
    subnets = of_tier(recorded, "ec2/subnet:Subnet", "pods")
    assert [one.inputs["cidrBlock"] for one in subnets] == ranges
    with pytest.raises(ValueError, match="podRanges: 2 ranges for 3 zones; name one for all, or one for each"):
        divide(IPv4Network(CIDR), ZONES, [IPv4Network(text) for text in ranges[:2]])


# The VPC user guide's table, "IPv4 CIDR block association restrictions", and its rules on sizes and overlaps.
@pytest.mark.parametrize(
    ("cidr", "pods", "remedy"),
    [
        ("10.20.0.0/16", "100.64.0.0/16", None),
        ("10.20.0.0/16", "100.127.240.0/20", None),
        ("10.20.0.0/16", "10.99.0.0/16", None),
        ("10.20.0.0/16", "10.0.0.0/16", None),
        ("10.1.0.0/16", "10.2.0.0/16", None),
        ("172.16.0.0/16", "172.20.0.0/16", None),
        ("172.16.0.0/16", "100.64.0.0/16", None),
        ("192.168.0.0/20", "192.168.128.0/20", None),
        ("10.20.0.0/16", "172.16.0.0/16", "beside 10.20.0.0/16 AWS takes ranges of 10.0.0.0/8 and 100.64.0.0/10 only"),
        ("10.20.0.0/16", "192.168.0.0/16", "AWS takes ranges of 10.0.0.0/8 and"),
        ("172.16.0.0/16", "10.0.0.0/16", "AWS takes ranges of 172.16.0.0/12 and"),
        ("192.168.0.0/20", "10.0.0.0/16", "AWS takes ranges of 192.168.0.0/16 and"),
        ("10.1.0.0/16", "10.0.0.0/16", "AWS takes no range of 10.0.0.0/16 beside one of 10.0.0.0/15; choose another"),
        ("172.16.0.0/16", "172.31.0.0/16", "AWS takes no second range of 172.31.0.0/16; choose another"),
        ("10.20.0.0/16", "198.19.0.0/16", "choose one of them"),
        ("10.20.0.0/16", "8.8.0.0/16", "choose one of them"),
        ("10.20.0.0/16", "100.64.0.0/15", "its prefix must be /16 to /20; widen or narrow it"),
        ("10.20.0.0/16", "100.64.0.0/24", "its prefix must be /16 to /20; widen or narrow it"),
        ("10.20.0.0/16", "10.20.0.0/20", "10.20.0.0/20 overlaps 10.20.0.0/16; choose another range"),
    ],
)
def test_a_range_for_pods_is_one_that_aws_lets_stand_beside_the_vpcs(cidr: str, pods: str, remedy: str | None) -> None:
    values = {"cidr": cidr, "podRanges": [pods]}
    if remedy is None:
        NetworkConfig.model_validate(values)
    else:
        told = refusal(NetworkConfig, values)
        assert "podRanges: " in told
        assert remedy in told


@pytest.mark.parametrize(
    ("changes", "field", "remedy"),
    [
        ({"cidr": "10.0.0.0/24"}, "cidr", "widen or narrow it"),
        ({"cidr": "10.0.0.0/8"}, "cidr", "widen or narrow it"),
        ({"cidr": "203.0.0.0/16"}, "cidr", "choose a range in one of them"),
        ({"cidr": "10.20.30.40/16"}, "cidr", "write the network's first address"),
        ({"cidr": "ten"}, "cidr", "write it as 192.0.2.0/24"),
        ({"cidr": "10.0.0.0/99"}, "cidr", "write it as 192.0.2.0/24"),
        ({"cidr": 10}, "cidr", "write it as 192.0.2.0/24"),
        ({"flowLogDays": 31}, "flowLogDays", "set 30, 90, 365 or another of its periods"),
        ({"interfaceEndpoints": ["ecr.api"]}, "interfaceEndpoints", "name both or neither"),
        ({"interfaceEndpoints": ["sts", "sts"]}, "interfaceEndpoints", "name each once"),
        ({"interfaceEndpoints": ["sqs"]}, "interfaceEndpoints[0]", "should be"),
    ],
)
def test_a_refused_network_names_the_field_and_the_remedy(changes: Mapping[str, Any], field: str, remedy: str) -> None:
    told = refusal(NetworkConfig, {"cidr": CIDR, **changes})
    assert told.startswith(f"{field}: ")
    assert remedy in told


def test_production_is_held_to_more_than_other_environments() -> None:
    weak = NetworkConfig.model_validate({"cidr": CIDR, "natPerZone": False, "flowLogDays": 7})
    assert {field for field, _ in weak.faults(production=True)} == {"natPerZone", "flowLogDays"}
    assert list(weak.faults(production=False)) == []
    assert list(NetworkConfig.model_validate({"cidr": CIDR}).faults(production=True)) == []
