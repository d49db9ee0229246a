"""What the real engine does with AWS resources on an emulator, by the provider's stand-in."""

from collections.abc import Callable
from typing import Any

from tests.local.engine.stack import Stack

Client = Callable[[str], Any]

NETWORK = """
vpc = aws.ec2.Vpc("vpc", cidr_block="10.20.0.0/16", enable_dns_hostnames=True, tags={"Name": "net"}, opts=opts)
subnet = aws.ec2.Subnet("subnet", vpc_id=vpc.id, cidr_block="10.20.0.0/24", availability_zone="eu-central-1a",
    map_public_ip_on_launch=True, tags={"Name": "net-a"}, opts=opts)
gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc.id, tags={"Name": "net"}, opts=opts)
address = aws.ec2.Eip("address", domain="vpc", tags={"Name": "net-nat"}, opts=opts)
nat = aws.ec2.NatGateway("nat", allocation_id=address.id, subnet_id=subnet.id, tags={"Name": "net"}, opts=opts)
table = aws.ec2.RouteTable("table", vpc_id=vpc.id, tags={"Name": "net"}, opts=opts)
route = aws.ec2.Route("route", route_table_id=table.id, destination_cidr_block="0.0.0.0/0", gateway_id=gateway.id,
    opts=opts)
association = aws.ec2.RouteTableAssociation("association", route_table_id=table.id, subnet_id=subnet.id, opts=opts)
group = aws.ec2.SecurityGroup("group", name="net", description="Of a test", vpc_id=vpc.id, tags={"Name": "net"},
    opts=opts)
for name, output in {
    "vpc": vpc.id, "vpcArn": vpc.arn, "table": vpc.main_route_table_id, "gateway": gateway.id,
    "address": address.public_ip, "nat": nat.public_ip, "route": route.id, "routeTable": table.id, "group": group.id,
    "all": vpc.tags_all,
}.items():
    pulumi.export(name, output)
"""


def test_a_network_is_made_kept_and_taken_down(stack: Stack, preamble: str, client: Client) -> None:
    made = stack.up(preamble + NETWORK)
    assert made.count("created") == 11, made.output
    outputs = stack.outputs()
    assert outputs["vpcArn"] == f"arn:aws:ec2:eu-central-1:123456789012:vpc/{outputs['vpc']}"
    assert outputs["route"] == f"r-{outputs['routeTable']}1080289494"
    assert outputs["nat"] == outputs["address"]
    assert outputs["all"] == {"Name": "net"}
    ec2 = client("ec2")
    hostnames = ec2.describe_vpc_attribute(VpcId=outputs["vpc"], Attribute="enableDnsHostnames")
    assert hostnames["EnableDnsHostnames"]["Value"]
    group = ec2.describe_security_groups(GroupIds=[outputs["group"]])["SecurityGroups"][0]
    assert group["IpPermissionsEgress"] == []

    stack.succeed("preview", "--expect-no-changes")
    stack.succeed("refresh", "--yes", "--expect-no-changes")

    stack.succeed("destroy", "--yes")
    assert not [vpc for vpc in ec2.describe_vpcs()["Vpcs"] if vpc["VpcId"] == outputs["vpc"]]
