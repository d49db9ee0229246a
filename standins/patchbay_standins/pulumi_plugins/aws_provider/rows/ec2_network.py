"""EC2: networks, their gateways, addresses, routes and security groups."""

import binascii
from collections.abc import Mapping
from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider.fields import ec2_tags
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource, Values
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Ready, Row, Update

_DESTINATIONS: Final = {
    "destinationCidrBlock": "DestinationCidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
_TARGETS: Final = (
    "carrierGatewayId",
    "coreNetworkArn",
    "egressOnlyGatewayId",
    "gatewayId",
    "localGatewayId",
    "natGatewayId",
    "networkInterfaceId",
    "transitGatewayId",
    "vpcEndpointId",
    "vpcPeeringConnectionId",
)
_BY_VPC: Final = [{"Name": "vpc-id", "Values": ["{id}"]}]


def _vpc_attribute(name: str, member: str) -> Call:
    parameters = {"VpcId": "{id}", "Attribute": name}
    return Call("describe_vpc_attribute", parameters, at=f"{{{member}: {member}.Value}}")


def _attach_gateway(resource: Resource) -> None:
    wanted = resource.inputs.get("vpcId")
    current = _detach_gateway(resource, but=wanted)
    if wanted and wanted not in current:
        resource.call("attach_internet_gateway", InternetGatewayId=resource.id, VpcId=wanted)


def _delete_gateway(resource: Resource) -> None:
    _detach_gateway(resource, but=None)
    resource.call("delete_internet_gateway", InternetGatewayId=resource.id)


def _detach_gateway(resource: Resource, *, but: str | None) -> list[str]:
    """Detaches a gateway from its VPCs but one: the VPCs that it was attached to."""
    found = resource.call("describe_internet_gateways", InternetGatewayIds=[resource.id])["InternetGateways"]
    current = [str(attachment["VpcId"]) for attachment in found[0]["Attachments"]]
    for vpc in current:
        if vpc != but:
            resource.call("detach_internet_gateway", InternetGatewayId=resource.id, VpcId=vpc)
    return current


def _public_dns(resource: Resource, live: Values) -> str | None:
    if not live.get("PublicIp"):
        return None
    domain = "compute-1" if resource.region == "us-east-1" else f"{resource.region}.compute"
    return f"ec2-{live['PublicIp'].replace('.', '-')}.{domain}.amazonaws.com"


def _route_id(table: str, route: Mapping[str, Any], members: Mapping[str, str]) -> str:
    destination = next(route[name] for name in members if route.get(name))
    return f"r-{table}{binascii.crc32(destination.encode())}"


def _create_route(resource: Resource) -> dict[str, str]:
    inputs = resource.inputs
    resource.call("create_route", **_route_parameters(inputs))
    return {"Id": _route_id(inputs["routeTableId"], inputs, dict.fromkeys(_DESTINATIONS, ""))}


def _replace_route(resource: Resource) -> None:
    resource.call("replace_route", **_route_parameters(resource.inputs))


def _route_parameters(inputs: Values) -> dict[str, Any]:
    parameters = {"RouteTableId": inputs["routeTableId"]}
    for name in (*_DESTINATIONS, *_TARGETS):
        if inputs.get(name):
            parameters[name[0].upper() + name[1:]] = inputs[name]
    if "EgressOnlyGatewayId" in parameters:
        parameters["EgressOnlyInternetGatewayId"] = parameters.pop("EgressOnlyGatewayId")
    return parameters


def _read_route(resource: Resource) -> dict[str, Any] | None:
    """The route whose destination has the checksum in the id, or the one in an import's `rtb-..._destination`."""
    wanted, table = resource.id, resource.parsed["routeTableId"]
    tables = resource.call("describe_route_tables", RouteTableIds=[table])["RouteTables"]
    for route in tables[0]["Routes"]:
        destination = next(route[name] for name in _DESTINATIONS.values() if route.get(name))
        identifier = _route_id(table, route, dict.fromkeys(_DESTINATIONS.values(), ""))
        if wanted in (identifier, f"{table}_{destination}"):
            return {**route, "Id": identifier, "RouteTableId": table}
    return None


def _parse_route(identifier: str) -> dict[str, str]:
    """`r-rtb-` and 17 hexadecimal digits, then the checksum; `rtb-..._destination` in an import."""
    return {"routeTableId": identifier.removeprefix("r-")[: len("rtb-") + 17]}


def _delete_route(resource: Resource) -> None:
    inputs = resource.inputs
    member = next(member for name, member in _DESTINATIONS.items() if inputs.get(name))
    name = member[0].lower() + member[1:]
    resource.call("delete_route", RouteTableId=inputs["routeTableId"], **{member: inputs[name]})


def _create_group(resource: Resource) -> dict[str, Any]:
    """A group starts without the rule by which AWS lets everything out."""
    parameters: dict[str, Any] = {
        "GroupName": resource.inputs["name"],
        "Description": resource.inputs["description"],
    }
    if resource.inputs.get("vpcId"):
        parameters["VpcId"] = resource.inputs["vpcId"]
    if resource.inputs.get("tags"):
        tags = [{"Key": key, "Value": value} for key, value in resource.inputs["tags"].items()]
        parameters["TagSpecifications"] = [{"ResourceType": "security-group", "Tags": tags}]
    group = resource.call("create_security_group", **parameters)
    revoke_rules(resource, group["GroupId"])
    return group


def revoke_rules(resource: Resource, group: str) -> None:
    """Takes all rules out of a security group."""
    filters = [{"Name": "group-id", "Values": [group]}]
    rules = resource.call("describe_security_group_rules", Filters=filters)["SecurityGroupRules"]
    for egress, operation in ((True, "revoke_security_group_egress"), (False, "revoke_security_group_ingress")):
        ids = [rule["SecurityGroupRuleId"] for rule in rules if rule["IsEgress"] is egress]
        if ids:
            resource.call(operation, GroupId=group, SecurityGroupRuleIds=ids)


def _delete_group(resource: Resource) -> None:
    if resource.inputs.get("revokeRulesOnDelete"):
        revoke_rules(resource, resource.id)
    resource.call("delete_security_group", GroupId=resource.id)


def _parse_table_association(identifier: str) -> dict[str, str]:
    """`subnet/table` or `gateway/table`, as the real provider imports it; an association's own id tells nothing."""
    joined, _, table = identifier.partition("/")
    return {"subnetId" if joined.startswith("subnet-") else "gatewayId": joined, "routeTableId": table} if table else {}


def _read_table_association(resource: Resource) -> dict[str, Any] | None:
    joined, _, table = resource.id.partition("/")
    name = "association.route-table-association-id"
    found: dict[str, Any] = {"RouteTableIds": [table]} if table else {"Filters": [{"Name": name, "Values": [joined]}]}
    for item in resource.call("describe_route_tables", **found)["RouteTables"]:
        for association in item["Associations"]:
            members = ("SubnetId", "GatewayId") if table else ("RouteTableAssociationId",)
            if joined in [association.get(member) for member in members]:
                return {**association, "AssociationId": association["RouteTableAssociationId"]}
    return None


def _read_range(resource: Resource) -> dict[str, Any] | None:
    filters = [{"Name": "cidr-block-association.association-id", "Values": [resource.id]}]
    for vpc in resource.call("describe_vpcs", Filters=filters)["Vpcs"]:
        for association in vpc["CidrBlockAssociationSet"]:
            if association["AssociationId"] == resource.id:
                return {**association, "VpcId": vpc["VpcId"]}
    return None


ROWS = (
    Row(
        "aws:ec2/vpc:Vpc",
        "ec2",
        create=Call("create_vpc", at="Vpc"),
        id="{VpcId}",
        read=Call("describe_vpcs", {"VpcIds": ["{id}"]}, at="Vpcs[0]"),
        reads=(
            _vpc_attribute("enableDnsSupport", "EnableDnsSupport"),
            _vpc_attribute("enableDnsHostnames", "EnableDnsHostnames"),
            _vpc_attribute("enableNetworkAddressUsageMetrics", "EnableNetworkAddressUsageMetrics"),
            Call(
                "describe_route_tables",
                {"Filters": [*_BY_VPC, {"Name": "association.main", "Values": ["true"]}]},
                at="{MainRouteTableId: RouteTables[0].RouteTableId, DefaultRouteTableId: RouteTables[0].RouteTableId}",
            ),
            Call(
                "describe_network_acls",
                {"Filters": [*_BY_VPC, {"Name": "default", "Values": ["true"]}]},
                at="{DefaultNetworkAclId: NetworkAcls[0].NetworkAclId}",
            ),
            Call(
                "describe_security_groups",
                {"Filters": [*_BY_VPC, {"Name": "group-name", "Values": ["default"]}]},
                at="{DefaultSecurityGroupId: SecurityGroups[0].GroupId}",
            ),
        ),
        updates=(
            Update(
                ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics"),
                Call("modify_vpc_attribute", {"VpcId": "{id}"}),
                each=True,
            ),
        ),
        delete=Call("delete_vpc", {"VpcId": "{id}"}),
        fields=(
            Field("enableDnsSupport", default=True),
            Field("enableDnsHostnames", default=False),
            Field("enableNetworkAddressUsageMetrics", default=False),
            Field("instanceTenancy", default="default"),
            Field("assignGeneratedIpv6CidrBlock", aws="AmazonProvidedIpv6CidrBlock", read="", default=False),
        ),
        outputs={"arn": "arn:aws:ec2:{region}:{account}:vpc/{id}"},
        tags=ec2_tags("vpc"),
        ready=Ready(at="State", done=("available",)),
    ),
    Row(
        "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation",
        "ec2",
        create=Call("associate_vpc_cidr_block", at="CidrBlockAssociation"),
        id="{AssociationId}",
        read=_read_range,
        delete=Call("disassociate_vpc_cidr_block", {"AssociationId": "{id}"}),
        name="cidrBlock",
        ready=Ready(at="CidrBlockState.State", done=("associated",), failed=("failed",), gone=("disassociated",)),
    ),
    Row(
        "aws:ec2/subnet:Subnet",
        "ec2",
        create=Call("create_subnet", at="Subnet"),
        id="{SubnetId}",
        read=Call("describe_subnets", {"SubnetIds": ["{id}"]}, at="Subnets[0]"),
        updates=(
            Update(
                (
                    "mapPublicIpOnLaunch",
                    "assignIpv6AddressOnCreation",
                    "enableDns64",
                    "privateDnsHostnameTypeOnLaunch",
                    "enableResourceNameDnsARecordOnLaunch",
                    "enableResourceNameDnsAaaaRecordOnLaunch",
                ),
                Call("modify_subnet_attribute", {"SubnetId": "{id}"}),
                each=True,
            ),
        ),
        delete=Call("delete_subnet", {"SubnetId": "{id}"}),
        fields=(
            Field("mapPublicIpOnLaunch", default=False),
            Field("assignIpv6AddressOnCreation", default=False),
            Field("enableDns64", default=False),
            Field("privateDnsHostnameTypeOnLaunch", read="PrivateDnsNameOptionsOnLaunch.HostnameType"),
            Field(
                "enableResourceNameDnsARecordOnLaunch",
                read="PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsARecord",
                default=False,
            ),
            Field(
                "enableResourceNameDnsAaaaRecordOnLaunch",
                read="PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsAAAARecord",
                default=False,
            ),
        ),
        outputs={"arn": "{SubnetArn}"},
        tags=ec2_tags("subnet"),
        name="cidrBlock",
        ready=Ready(at="State", done=("available",)),
    ),
    Row(
        "aws:ec2/internetGateway:InternetGateway",
        "ec2",
        create=Call("create_internet_gateway", at="InternetGateway"),
        id="{InternetGatewayId}",
        read=Call("describe_internet_gateways", {"InternetGatewayIds": ["{id}"]}, at="InternetGateways[0]"),
        updates=(Update(("vpcId",), _attach_gateway),),
        delete=_delete_gateway,
        fields=(Field("vpcId", read="Attachments[0].VpcId"),),
        outputs={"arn": "arn:aws:ec2:{region}:{account}:internet-gateway/{id}"},
        tags=ec2_tags("internet-gateway"),
    ),
    Row(
        "aws:ec2/eip:Eip",
        "ec2",
        create=Call("allocate_address"),
        id="{AllocationId}",
        read=Call("describe_addresses", {"AllocationIds": ["{id}"]}, at="Addresses[0]"),
        delete=Call("release_address", {"AllocationId": "{id}"}),
        outputs={
            "arn": "arn:aws:ec2:{region}:{account}:elastic-ip/{id}",
            "publicDns": _public_dns,
            "privateIp": "{PrivateIpAddress}",
            "networkInterface": "{NetworkInterfaceId}",
            "instance": "{InstanceId}",
        },
        tags=ec2_tags("elastic-ip"),
    ),
    Row(
        "aws:ec2/natGateway:NatGateway",
        "ec2",
        create=Call("create_nat_gateway", at="NatGateway"),
        id="{NatGatewayId}",
        read=Call("describe_nat_gateways", {"NatGatewayIds": ["{id}"]}, at="NatGateways[0]"),
        delete=Call("delete_nat_gateway", {"NatGatewayId": "{id}"}),
        fields=(
            Field("allocationId", read="NatGatewayAddresses[0].AllocationId"),
            Field("privateIp", aws="PrivateIpAddress", read="NatGatewayAddresses[0].PrivateIp"),
            Field("connectivityType", default="public"),
        ),
        outputs={
            "publicIp": lambda _, live: (live.get("NatGatewayAddresses") or [{}])[0].get("PublicIp"),
            "networkInterfaceId": lambda _, live: (live.get("NatGatewayAddresses") or [{}])[0].get(
                "NetworkInterfaceId"
            ),
            "associationId": lambda _, live: (live.get("NatGatewayAddresses") or [{}])[0].get("AssociationId"),
        },
        tags=ec2_tags("natgateway"),
        ready=Ready(at="State", done=("available",), failed=("failed",), gone=("deleted",), reason="FailureMessage"),
    ),
    Row(
        "aws:ec2/routeTable:RouteTable",
        "ec2",
        create=Call("create_route_table", at="RouteTable"),
        id="{RouteTableId}",
        read=Call("describe_route_tables", {"RouteTableIds": ["{id}"]}, at="RouteTables[0]"),
        delete=Call("delete_route_table", {"RouteTableId": "{id}"}),
        # Routes are resources of their own.
        fields=(Field("routes", aws="", read=""),),
        outputs={"arn": "arn:aws:ec2:{region}:{account}:route-table/{id}"},
        tags=ec2_tags("route-table"),
    ),
    Row(
        "aws:ec2/route:Route",
        "ec2",
        create=_create_route,
        id="{Id}",
        parse=_parse_route,
        read=_read_route,
        updates=(Update(_TARGETS, _replace_route),),
        delete=_delete_route,
        fields=(
            Field("egressOnlyGatewayId", read="EgressOnlyInternetGatewayId"),
            Field("vpcEndpointId", read="VpcEndpointId"),
        ),
        name="routeTableId",
        handles=("routeTableId", *_DESTINATIONS),
    ),
    Row(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "ec2",
        create=Call("associate_route_table"),
        id="{AssociationId}",
        parse=_parse_table_association,
        read=_read_table_association,
        delete=Call("disassociate_route_table", {"AssociationId": "{id}"}),
        # A subnet has one route table at a time.
        name="subnetId",
    ),
    Row(
        "aws:ec2/securityGroup:SecurityGroup",
        "ec2",
        create=_create_group,
        id="{GroupId}",
        read=Call("describe_security_groups", {"GroupIds": ["{id}"]}, at="SecurityGroups[0]"),
        delete=_delete_group,
        fields=(
            Field("name", aws="GroupName"),
            # Rules are resources of their own.
            Field("ingress", aws="", read=""),
            Field("egress", aws="", read=""),
            Field("revokeRulesOnDelete", aws="", default=False),
        ),
        outputs={"arn": "arn:aws:ec2:{region}:{account}:security-group/{id}"},
        tags=ec2_tags("security-group"),
        handles=("name", "description", "vpcId", "tags"),
        options=("revokeRulesOnDelete",),
        required=("name",),
        defaults={"description": "Managed by Pulumi"},
    ),
)
