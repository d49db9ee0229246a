"""EC2: one call finds any of its resources by the unique `Name` tag."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from patchbay_operations.access import Access

_RESOURCE_TYPES: Final = {
    "aws:ec2/eip:Eip": "elastic-ip",
    "aws:ec2/flowLog:FlowLog": "vpc-flow-log",
    "aws:ec2/internetGateway:InternetGateway": "internet-gateway",
    "aws:ec2/launchTemplate:LaunchTemplate": "launch-template",
    "aws:ec2/natGateway:NatGateway": "natgateway",
    "aws:ec2/networkAcl:NetworkAcl": "network-acl",
    "aws:ec2/routeTable:RouteTable": "route-table",
    "aws:ec2/securityGroup:SecurityGroup": "security-group",
    "aws:ec2/subnet:Subnet": "subnet",
    "aws:ec2/vpc:Vpc": "vpc",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "vpc-endpoint",
    "aws:ec2clientvpn/endpoint:Endpoint": "client-vpn-endpoint",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "security-group-rule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "security-group-rule",
}


def _tagged(resource_type: str) -> Callable[[Mapping[str, Any], Access], Iterator[str]]:
    def find(inputs: Mapping[str, Any], access: Access) -> Iterator[str]:
        name = (inputs.get("tags") or {}).get("Name")
        if name is None:
            return
        filters = [
            {"Name": "resource-type", "Values": [resource_type]},
            {"Name": "key", "Values": ["Name"]},
            {"Name": "value", "Values": [name]},
        ]
        client = access.client("ec2")
        found = [tag["ResourceId"] for tag in client.describe_tags(Filters=filters)["Tags"]]
        yield from _living_gateways(found, client) if resource_type == "natgateway" else found

    return find


def _living_gateways(identifiers: list[str], client: Any) -> Iterator[str]:
    """A deleted NAT gateway is shown, with its tags, for about an hour."""
    if identifiers:
        for gateway in client.describe_nat_gateways(NatGatewayIds=identifiers)["NatGateways"]:
            if gateway["State"] in {"pending", "available"}:
                yield gateway["NatGatewayId"]


FINDERS: Final = {token: _tagged(resource_type) for token, resource_type in _RESOURCE_TYPES.items()}
