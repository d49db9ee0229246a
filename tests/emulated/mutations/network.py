"""What is done by hand to the network: routes, endpoints, what is open to whom."""

from patchbay_operations.checks.facts import Facts

from tests.emulated.mutations.mutation import Mutation

WORLD = "0.0.0.0/0"


def subnet(facts: Facts, tier: str, zone: str = "eu-central-1a") -> str:
    return next(one.identifier for one in facts.vpc.subnets.values() if (one.tier, one.zone) == (tier, zone))


def _subnet_table(facts: Facts, tier: str, zone: str = "eu-central-1a") -> str:
    here = [{"Name": "association.subnet-id", "Values": [subnet(facts, tier, zone)]}]
    (table,) = facts.access.client("ec2").describe_route_tables(Filters=here)["RouteTables"]
    return str(table["RouteTableId"])


def _group(facts: Facts, name: str) -> str:
    return next(
        one.identifier for one in facts.vpc.groups.values() if one.name == f"patchbay-{facts.environment}-{name}"
    )


def _open(facts: Facts, group: str, port: int, network: str) -> None:
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": network}]}
    facts.access.client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])


def _way_out_of_data(facts: Facts) -> None:
    ec2 = facts.access.client("ec2")
    gateway = ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [facts.vpc.identifier]}])
    ec2.create_route(
        RouteTableId=_subnet_table(facts, "data"),
        DestinationCidrBlock=WORLD,
        GatewayId=gateway["InternetGateways"][0]["InternetGatewayId"],
    )


def _nat_of_another_zone(facts: Facts) -> None:
    ec2 = facts.access.client("ec2")
    elsewhere = [{"Name": "subnet-id", "Values": [subnet(facts, "public", "eu-central-1b")]}]
    nat = ec2.describe_nat_gateways(Filters=elsewhere)["NatGateways"][0]["NatGatewayId"]
    table = _subnet_table(facts, "private")
    ec2.replace_route(RouteTableId=table, DestinationCidrBlock=WORLD, NatGatewayId=nat)


def _endpoint_in_public(facts: Facts) -> None:
    facts.access.client("ec2").create_vpc_endpoint(
        VpcId=facts.vpc.identifier,
        VpcEndpointType="Interface",
        ServiceName="com.amazonaws.eu-central-1.sqs",
        SubnetIds=[subnet(facts, "public")],
        SecurityGroupIds=[_group(facts, "endpoints")],
    )


def _open_edge(facts: Facts) -> None:
    _open(facts, _group(facts, "edge"), 8080, WORLD)


def _open_database(facts: Facts) -> None:
    _open(facts, _group(facts, "databases"), 3306, str(facts.vpc.network))


def _closed_database(facts: Facts) -> None:
    ec2 = facts.access.client("ec2")
    of_group = [{"Name": "group-id", "Values": [_group(facts, "databases")]}]
    rules = ec2.describe_security_group_rules(Filters=of_group)["SecurityGroupRules"]
    inward = [rule["SecurityGroupRuleId"] for rule in rules if not rule["IsEgress"]]
    ec2.revoke_security_group_ingress(GroupId=_group(facts, "databases"), SecurityGroupRuleIds=inward)


def _open_api_server(facts: Facts) -> None:
    facts.access.client("eks").update_cluster_config(
        name=facts.clusters[0]["name"],
        resourcesVpcConfig={"endpointPublicAccess": True, "publicAccessCidrs": [WORLD]},
    )


def _rule_in_default_group(facts: Facts) -> None:
    ec2 = facts.access.client("ec2")
    filters = [{"Name": "vpc-id", "Values": [facts.vpc.identifier]}, {"Name": "group-name", "Values": ["default"]}]
    (group,) = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    _open(facts, group["GroupId"], 22, "10.0.0.0/8")


NETWORK = (
    Mutation("a way out of a data subnet", "dev", "routes", "data-eu-central-1a", _way_out_of_data),
    Mutation("a NAT gateway of another zone", "production", "routes", "private-eu-central-1a", _nat_of_another_zone),
    Mutation("an endpoint in a public subnet", "dev", "tiers", "sqs is in public subnets", _endpoint_in_public),
    Mutation("the edge open on another port", "dev", "edge only", "8080", _open_edge),
    Mutation("a database open to the VPC", "dev", "data isolated", "databases-write", _open_database),
    Mutation("a database open to nobody", "dev", "data reachable", "databases-write on 3306", _closed_database),
    Mutation("an API server open to the world", "staging", "API servers", "staging-shared", _open_api_server),
    Mutation("a rule in the default group", "dev", "defaults", "default security group", _rule_in_default_group),
)
