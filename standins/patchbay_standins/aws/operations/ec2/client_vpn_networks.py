"""The subnets that a Client VPN endpoint leads to, and its routes."""

from patchbay_standins.aws.operations.ec2.client_vpn_records import (
    Endpoint,
    ec2_of,
    endpoint_of,
    identifier,
    page,
    subnet_of,
)
from patchbay_standins.aws.operations.ec2.service import SERVICE
from patchbay_standins.aws.service import AwsError, Call, Result


@SERVICE.operation("AssociateClientVpnTargetNetwork")
def associate_client_vpn_target_network(call: Call) -> Result:
    endpoint = endpoint_of(call)
    subnet = subnet_of(call, call["SubnetId"])
    for network in endpoint.networks.values():
        other = subnet_of(call, network["TargetNetworkId"])
        if other.availability_zone == subnet.availability_zone:
            raise AwsError(
                "InvalidClientVpnDuplicateAssociationException",
                f"An association with a subnet in {subnet.availability_zone} already exists",
            )
    vpc = endpoint.described.setdefault("VpcId", subnet.vpc_id)
    if vpc != subnet.vpc_id:
        raise AwsError("InvalidClientVpnSubnetId.DifferentVpc", f"{subnet.id} is not of the endpoint's VPC {vpc}")
    if not endpoint.described["SecurityGroupIds"]:
        default = ec2_of(call).get_default_security_group(vpc)
        endpoint.described["SecurityGroupIds"] = [default.id] if default else []
    name = identifier("cvpn-assoc")
    endpoint.networks[name] = {
        "AssociationId": name,
        "VpcId": vpc,
        "TargetNetworkId": subnet.id,
        "ClientVpnEndpointId": endpoint.id,
        "Status": {"Code": "associated"},
        "AvailabilityZones": [subnet.availability_zone],
    }
    block = ec2_of(call).get_vpc(vpc).cidr_block
    _add_route(endpoint, block, subnet.id, origin="associate", description="Default Route")
    return {"AssociationId": name, "Status": {"Code": "associating"}}


@SERVICE.operation("DisassociateClientVpnTargetNetwork")
def disassociate_client_vpn_target_network(call: Call) -> Result:
    endpoint = endpoint_of(call)
    network = endpoint.networks.pop(call["AssociationId"], None)
    if network is None:
        raise AwsError("InvalidClientVpnAssociationId.NotFound", f"Association {call['AssociationId']} does not exist")
    subnet = network["TargetNetworkId"]
    endpoint.routes = {key: route for key, route in endpoint.routes.items() if key[1] != subnet}
    return {"AssociationId": call["AssociationId"], "Status": {"Code": "disassociating"}}


@SERVICE.operation("DescribeClientVpnTargetNetworks")
def describe_client_vpn_target_networks(call: Call) -> Result:
    endpoint = endpoint_of(call)
    wanted = call.get("AssociationIds") or list(endpoint.networks)
    groups = endpoint.described["SecurityGroupIds"]
    found = [{**network, "SecurityGroups": groups} for name, network in endpoint.networks.items() if name in wanted]
    filters = {"association-id": "AssociationId", "target-network-id": "TargetNetworkId", "vpc-id": "VpcId"}
    return page(call, "ClientVpnTargetNetworks", found, filters)


@SERVICE.operation("ApplySecurityGroupsToClientVpnTargetNetwork")
def apply_security_groups_to_client_vpn_target_network(call: Call) -> Result:
    endpoint = endpoint_of(call)
    endpoint.described["SecurityGroupIds"] = list(call["SecurityGroupIds"])
    return {"SecurityGroupIds": endpoint.described["SecurityGroupIds"]}


@SERVICE.operation("CreateClientVpnRoute")
def create_client_vpn_route(call: Call) -> Result:
    endpoint = endpoint_of(call)
    block, subnet = call["DestinationCidrBlock"], call["TargetVpcSubnetId"]
    if subnet not in {network["TargetNetworkId"] for network in endpoint.networks.values()}:
        raise AwsError("InvalidClientVpnActiveAssociationNotFound", f"{subnet} is not associated with {endpoint.id}")
    if (block, subnet) in endpoint.routes:
        raise AwsError("InvalidClientVpnDuplicateRoute", "Route already exists")  # terraform-provider-aws 18080
    _add_route(endpoint, block, subnet, origin="add-route", description=call.get("Description", ""))
    return {"Status": {"Code": "creating"}}


@SERVICE.operation("DescribeClientVpnRoutes")
def describe_client_vpn_routes(call: Call) -> Result:
    filters = {"destination-cidr": "DestinationCidr", "origin": "Origin", "target-subnet": "TargetSubnet"}
    return page(call, "Routes", list(endpoint_of(call).routes.values()), filters)


@SERVICE.operation("DeleteClientVpnRoute")
def delete_client_vpn_route(call: Call) -> Result:
    endpoint = endpoint_of(call)
    key = (call["DestinationCidrBlock"], call["TargetVpcSubnetId"])
    if key not in endpoint.routes:
        raise AwsError("InvalidClientVpnRouteNotFound", f"There is no route to {key[0]} by {key[1]}")
    if endpoint.routes[key]["Origin"] == "associate":
        raise AwsError("InvalidClientVpnRoute.CannotDelete", "A route of an association goes with the association")
    del endpoint.routes[key]
    return {"Status": {"Code": "deleting"}}


def _add_route(endpoint: Endpoint, block: str, subnet: str, *, origin: str, description: str) -> None:
    endpoint.routes[block, subnet] = {
        "ClientVpnEndpointId": endpoint.id,
        "DestinationCidr": block,
        "TargetSubnet": subnet,
        "Type": "Nat",
        "Origin": origin,
        "Status": {"Code": "active"},
        "Description": description,
    }
