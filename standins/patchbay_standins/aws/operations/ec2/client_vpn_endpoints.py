"""Client VPN endpoints."""

from datetime import UTC, datetime
from typing import Any, Final

from moto.ec2 import utils

from patchbay_standins.aws.operations.ec2.client_vpn_records import (
    Described,
    Endpoint,
    ec2_of,
    endpoint_of,
    endpoints,
    identifier,
    page,
)
from patchbay_standins.aws.operations.ec2.service import SERVICE
from patchbay_standins.aws.service import AwsError, Call, Result

_RESOURCE: Final = "client-vpn-endpoint"
# So that moto knows the type of these ids where it describes tags.
utils.EC2_RESOURCE_TO_PREFIX[_RESOURCE] = "cvpn"
utils.EC2_PREFIX_TO_RESOURCE["cvpn"] = _RESOURCE

# Described as they are given, or as AWS's default.
_SETTINGS: Final[dict[str, Any]] = {
    "Description": "",
    "DnsServers": [],
    "SplitTunnel": False,
    "TransportProtocol": "udp",
    "VpnPort": 443,
    "SessionTimeoutHours": 24,
    "ClientLoginBannerOptions": {"Enabled": False},
    "ClientRouteEnforcementOptions": {"Enforced": False},
    "DisconnectOnSessionTimeout": True,
    "EndpointIpAddressType": "ipv4",
    "TrafficIpAddressType": "ipv4",
}


@SERVICE.operation("CreateClientVpnEndpoint")
def create_client_vpn_endpoint(call: Call) -> Result:
    for group in call.get("SecurityGroupIds", []):
        _require_group(call, group)
    name = identifier("cvpn-endpoint")
    described: Described = {
        "ClientVpnEndpointId": name,
        "Status": {"Code": "pending-associate"},
        "CreationTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "DnsName": f"*.{name}.prod.clientvpn.{call.region}.amazonaws.com",
        "ClientCidrBlock": call.get("ClientCidrBlock", ""),
        "VpnProtocol": "openvpn",
        "ServerCertificateArn": call["ServerCertificateArn"],
        "AuthenticationOptions": [_authentication(given) for given in call["AuthenticationOptions"]],
        "ConnectionLogOptions": dict(call["ConnectionLogOptions"]),
        "SecurityGroupIds": list(call.get("SecurityGroupIds", [])),
        "ClientConnectOptions": _connect_options(call),
        **{setting: call.get(setting, default) for setting, default in _SETTINGS.items()},
    }
    if call.get("VpcId"):
        described["VpcId"] = call["VpcId"]
    if call.get("SelfServicePortal") == "enabled":
        described["SelfServicePortalUrl"] = f"https://self-service.clientvpn.amazonaws.com/endpoints/{name}"
    tags: dict[str, str] = {}
    for specification in call.get("TagSpecifications", []):
        if specification["ResourceType"] != _RESOURCE:
            raise AwsError(
                "InvalidParameterValue",
                f"'{specification['ResourceType']}' is not a valid taggable resource type for this operation.",
            )
        tags.update({tag["Key"]: tag["Value"] for tag in specification.get("Tags", [])})
    ec2_of(call).create_tags([name], tags)
    endpoints(call)[name] = Endpoint(described)
    return {member: described[member] for member in ("ClientVpnEndpointId", "Status", "DnsName")}


@SERVICE.operation("DescribeClientVpnEndpoints")
def describe_client_vpn_endpoints(call: Call) -> Result:
    wanted = call.get("ClientVpnEndpointIds")
    found = [endpoint_of(call, name) for name in wanted] if wanted else list(endpoints(call).values())
    filters = {"endpoint-id": "ClientVpnEndpointId", "transport-protocol": "TransportProtocol"}
    return page(call, "ClientVpnEndpoints", [_described(call, endpoint) for endpoint in found], filters)


@SERVICE.operation("ModifyClientVpnEndpoint")
def modify_client_vpn_endpoint(call: Call) -> Result:
    described = endpoint_of(call).described
    for group in call.get("SecurityGroupIds", []):
        _require_group(call, group)
    changeable = ("ServerCertificateArn", "ConnectionLogOptions", "SecurityGroupIds", "VpcId", *_SETTINGS)
    for member in changeable:
        if call.get(member) is not None and member != "DnsServers":
            described[member] = call[member]
    if (servers := call.get("DnsServers")) is not None:
        described["DnsServers"] = servers.get("CustomDnsServers", []) if servers.get("Enabled", True) else []
    if call.get("ClientConnectOptions") is not None:
        described["ClientConnectOptions"] = _connect_options(call)
    if call.get("SelfServicePortal") is not None:
        described.pop("SelfServicePortalUrl", None)
        if call["SelfServicePortal"] == "enabled":
            name = described["ClientVpnEndpointId"]
            described["SelfServicePortalUrl"] = f"https://self-service.clientvpn.amazonaws.com/endpoints/{name}"
    return {"Return": True}


@SERVICE.operation("DeleteClientVpnEndpoint")
def delete_client_vpn_endpoint(call: Call) -> Result:
    endpoint = endpoint_of(call)
    if endpoint.networks:
        raise AwsError("DependencyViolation", f"Client VPN endpoint {endpoint.id} has associated target networks")
    ec2_of(call).tags.pop(endpoint.id, None)
    del endpoints(call)[endpoint.id]
    return {"Status": {"Code": "deleting"}}


def _described(call: Call, endpoint: Endpoint) -> Described:
    return {
        **endpoint.described,
        "Status": {"Code": "available" if endpoint.networks else "pending-associate"},
        "AssociatedTargetNetworks": [
            {"NetworkId": network["TargetNetworkId"], "NetworkType": "vpc"} for network in endpoint.networks.values()
        ],
        "Tags": [{"Key": key, "Value": value} for key, value in ec2_of(call).tags.get(endpoint.id, {}).items()],
    }


def _authentication(given: Described) -> Described:
    """The API names these members differently where it describes them."""
    described: Described = {"Type": given["Type"]}
    if "ActiveDirectory" in given:
        described["ActiveDirectory"] = given["ActiveDirectory"]
    if "MutualAuthentication" in given:
        chain = given["MutualAuthentication"].get("ClientRootCertificateChainArn", "")
        described["MutualAuthentication"] = {"ClientRootCertificateChain": chain}
    if "FederatedAuthentication" in given:
        names = {"SAMLProviderArn": "SamlProviderArn", "SelfServiceSAMLProviderArn": "SelfServiceSamlProviderArn"}
        described["FederatedAuthentication"] = {
            names[member]: value for member, value in given["FederatedAuthentication"].items()
        }
    return described


def _connect_options(call: Call) -> Described:
    return {"Enabled": False, **call.get("ClientConnectOptions", {}), "Status": {"Code": "applied"}}


def _require_group(call: Call, name: str) -> None:
    if ec2_of(call).get_security_group_from_id(name) is None:
        raise AwsError("InvalidGroup.NotFound", f"The security group '{name}' does not exist")
