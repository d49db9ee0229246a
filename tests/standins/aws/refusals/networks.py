"""EC2's networks: what is in use stays, what is there is not made twice."""

from tests.standins.aws.account import REGION, Account, new_name
from tests.standins.aws.refusals.row import Arguments, Table

TABLE = Table("ec2")

_ANYWHERE = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


@TABLE.refuses(
    "create_subnet",
    "InvalidSubnet.Conflict",
    words="The CIDR '10.0.0.128/25' conflicts with another subnet",
    source="hashicorp/terraform 33470",
)
def two_subnets_share_addresses(account: Account) -> Arguments:
    return {"VpcId": account.network().vpc, "CidrBlock": "10.0.0.128/25"}


@TABLE.refuses(
    "associate_vpc_cidr_block",
    "InvalidVpc.Range",
    words="The CIDR '172.16.0.0/16' is restricted. Use a CIDR from the same private address range as the current VPC",
    source="API reference: AssociateVpcCidrBlock",
)
def a_second_range_is_of_another_private_one(account: Account) -> Arguments:
    return {"VpcId": account.network().vpc, "CidrBlock": "172.16.0.0/16"}


@TABLE.refuses(
    "associate_vpc_cidr_block",
    "InvalidVpc.Range",
    words="is restricted",
    source="API reference: AssociateVpcCidrBlock",
)
def a_second_range_is_the_first_of_ten_beside_its_neighbour(account: Account) -> Arguments:
    vpc = account.client("ec2").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    return {"VpcId": vpc, "CidrBlock": "10.0.0.0/16"}


@TABLE.refuses(
    "associate_vpc_cidr_block",
    "InvalidVpc.Range",
    words="is restricted",
    source="aws/aws-eks-best-practices 633",
)
def a_second_range_is_for_benchmarks(account: Account) -> Arguments:
    return {"VpcId": account.network().vpc, "CidrBlock": "198.19.0.0/20"}


@TABLE.refuses(
    "disassociate_vpc_cidr_block",
    "InvalidCidrBlock.InUse",
    words="currently has a subnet within CIDR block 100.64.0.0/16",
    source="hashicorp/terraform-provider-aws 29077",
)
def a_range_that_goes_holds_a_subnet(account: Account) -> Arguments:
    ec2, vpc = account.client("ec2"), account.network().vpc
    association = ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="100.64.0.0/16")["CidrBlockAssociation"]
    ec2.create_subnet(VpcId=vpc, CidrBlock="100.64.0.0/18")
    return {"AssociationId": association["AssociationId"]}


@TABLE.refuses(
    "delete_subnet",
    "DependencyViolation",
    words="has dependencies and cannot be deleted.",
    source="terraform-aws-modules/terraform-aws-vpc 1081",
)
def the_subnet_holds_an_interface(account: Account) -> Arguments:
    network = account.network()
    account.client("ec2").create_network_interface(SubnetId=network.subnets[0])
    return {"SubnetId": network.subnets[0]}


@TABLE.refuses(
    "delete_subnet",
    "DependencyViolation",
    words="has dependencies and cannot be deleted.",
    source="gruntwork-io/cloud-nuke 285",
)
def the_subnet_holds_an_endpoint(account: Account) -> Arguments:
    network = account.network()
    _endpoint(account, network.vpc, network.subnets[0])
    return {"SubnetId": network.subnets[0]}


@TABLE.refuses(
    "delete_vpc",
    "DependencyViolation",
    words="has dependencies and cannot be deleted.",
    source="gruntwork-io/cloud-nuke 345",
)
def the_network_has_subnets(account: Account) -> Arguments:
    return {"VpcId": account.network().vpc}


@TABLE.refuses(
    "delete_vpc",
    "DependencyViolation",
    words="has dependencies and cannot be deleted.",
    source="gruntwork-io/cloud-nuke 345; API reference: DeleteVpc",
)
def the_network_has_a_security_group(account: Account) -> Arguments:
    ec2 = account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    ec2.create_security_group(GroupName=new_name("group"), Description="example", VpcId=vpc)
    return {"VpcId": vpc}


@TABLE.refuses(
    "delete_vpc",
    "DependencyViolation",
    words="has dependencies and cannot be deleted.",
    source="gruntwork-io/cloud-nuke 345; API reference: DeleteVpc",
)
def the_network_has_an_internet_gateway(account: Account) -> Arguments:
    vpc = account.client("ec2").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    _gateway(account, vpc)
    return {"VpcId": vpc}


@TABLE.refuses(
    "delete_security_group",
    "DependencyViolation",
    words="has a dependent object",
    source="aws/aws-cdk 14456",
)
def another_groups_rule_names_the_group(account: Account) -> Arguments:
    network = account.network()
    named, other = account.security_group(network), account.security_group(network)
    peer = [{"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, "UserIdGroupPairs": [{"GroupId": named}]}]
    account.client("ec2").authorize_security_group_ingress(GroupId=other, IpPermissions=peer)
    return {"GroupId": named}


@TABLE.refuses(
    "delete_security_group",
    "DependencyViolation",
    words="has a dependent object",
    source="rebuy-de/aws-nuke 573",
)
def an_interface_is_in_the_group(account: Account) -> Arguments:
    network = account.network()
    group = account.security_group(network)
    account.client("ec2").create_network_interface(SubnetId=network.subnets[0], Groups=[group])
    return {"GroupId": group}


@TABLE.refuses(
    "authorize_security_group_ingress",
    "InvalidPermission.Duplicate",
    words='the specified rule "peer: 0.0.0.0/0, TCP, from port: 443, to port: 443, ALLOW" already exists',
    source="londonaicentre/FLIP 886",
)
def the_rule_is_there_under_another_description(account: Account) -> Arguments:
    group = account.security_group(account.network())
    account.client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=_ANYWHERE)
    described = [{**_ANYWHERE[0], "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "example"}]}]
    return {"GroupId": group, "IpPermissions": described}


@TABLE.refuses(
    "authorize_security_group_egress",
    "InvalidPermission.Duplicate",
    words='the specified rule "peer: 0.0.0.0/0, ALL, ALLOW" already exists',
    source="lucidsoftware/cumulus 101",
)
def a_new_group_lets_everything_out_already(account: Account) -> Arguments:
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    return {"GroupId": account.security_group(account.network()), "IpPermissions": everything}


@TABLE.refuses(
    "create_network_acl_entry",
    "NetworkAclEntryAlreadyExists",
    words="The network acl entry identified by 100 already exists.",
    source="ansible-collections/amazon.aws 2592",
)
def two_entries_have_one_number(account: Account) -> Arguments:
    ec2 = account.client("ec2")
    entry = {
        "NetworkAclId": ec2.create_network_acl(VpcId=account.network().vpc)["NetworkAcl"]["NetworkAclId"],
        "RuleNumber": 100,
        "Protocol": "-1",
        "RuleAction": "allow",
        "Egress": False,
        "CidrBlock": "10.0.0.0/16",
    }
    ec2.create_network_acl_entry(**entry)
    return {**entry, "RuleAction": "deny"}


@TABLE.refuses(
    "associate_route_table",
    "Resource.AlreadyAssociated",
    words="conflicts with an existing association",
    source="hashicorp/terraform-provider-aws 38960",
)
def the_subnet_has_another_route_table(account: Account) -> Arguments:
    ec2, network = account.client("ec2"), account.network()
    first, second = (ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"] for _ in range(2))
    ec2.associate_route_table(RouteTableId=first, SubnetId=network.subnets[0])
    return {"RouteTableId": second, "SubnetId": network.subnets[0]}


@TABLE.refuses(
    "detach_internet_gateway",
    "DependencyViolation",
    words="has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.",
    source="prabhatsharma/kubernetes-the-hard-way-aws 16",
)
def nat_gateways_have_addresses(account: Account) -> Arguments:
    network = account.network()
    gateway = _gateway(account, network.vpc)
    _nat_address(account, network.subnets[0])
    return {"InternetGatewayId": gateway, "VpcId": network.vpc}


@TABLE.refuses(
    "delete_internet_gateway",
    "DependencyViolation",
    words="has dependencies and cannot be deleted.",
    source="giantswarm/aws-operator 109",
)
def the_gateway_is_attached(account: Account) -> Arguments:
    return {"InternetGatewayId": _gateway(account, account.network().vpc)}


@TABLE.refuses("release_address", "InvalidIPAddress.InUse", source="API reference: ReleaseAddress")
def a_nat_gateway_has_the_address(account: Account) -> Arguments:
    return {"AllocationId": _nat_address(account, account.network().subnets[0])}


@TABLE.refuses(
    "create_vpc_endpoint",
    "InvalidParameter",
    words="private-dns-enabled cannot be set because there is already a conflicting DNS domain for",
    source="hashicorp/terraform-provider-aws 17535",
)
def a_service_has_two_private_names(account: Account) -> Arguments:
    network = account.network()
    return _endpoint(account, network.vpc, network.subnets[0])


@TABLE.refuses(
    "create_launch_template",
    "InvalidLaunchTemplateName.AlreadyExistsException",
    words="Launch template name already in use.",
    source="hashicorp/packer 7817",
)
def the_templates_name_is_taken(account: Account) -> Arguments:
    template = {"LaunchTemplateName": new_name("template"), "LaunchTemplateData": {"EbsOptimized": True}}
    account.client("ec2").create_launch_template(**template)
    return template


def _gateway(account: Account, vpc: str) -> str:
    ec2 = account.client("ec2")
    made = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=made, VpcId=vpc)
    return str(made)


def _nat_address(account: Account, subnet: str) -> str:
    """The allocation of a new NAT gateway's address."""
    ec2 = account.client("ec2")
    allocation = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.create_nat_gateway(SubnetId=subnet, AllocationId=allocation)
    return str(allocation)


def _endpoint(account: Account, vpc: str, subnet: str) -> Arguments:
    """Makes an interface endpoint; its arguments."""
    given = {
        "VpcId": vpc,
        "ServiceName": f"com.amazonaws.{REGION}.sts",
        "VpcEndpointType": "Interface",
        "SubnetIds": [subnet],
        "PrivateDnsEnabled": True,
    }
    account.client("ec2").create_vpc_endpoint(**given)
    return given
