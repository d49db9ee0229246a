"""EC2: Client VPN endpoints, the subnets that they lead to, and who may reach what."""

from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider.fields import ec2_tags, unordered
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Ready, Row, Update

_SETTINGS: Final = (
    "clientConnectOptions",
    "clientLoginBannerOptions",
    "clientRouteEnforcementOptions",
    "connectionLogOptions",
    "description",
    "disconnectOnSessionTimeout",
    "selfServicePortal",
    "serverCertificateArn",
    "sessionTimeoutHours",
    "splitTunnel",
    "vpnPort",
)


def _authentication(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    options = []
    for block in blocks:
        option: dict[str, Any] = {"Type": block["type"]}
        if block["type"] == "federated-authentication":
            federated = {"SAMLProviderArn": block["samlProviderArn"]}
            if block.get("selfServiceSamlProviderArn"):
                federated["SelfServiceSAMLProviderArn"] = block["selfServiceSamlProviderArn"]
            option["FederatedAuthentication"] = federated
        elif block["type"] == "certificate-authentication":
            option["MutualAuthentication"] = {"ClientRootCertificateChainArn": block["rootCertificateChainArn"]}
        else:
            option["ActiveDirectory"] = {"DirectoryId": block["activeDirectoryId"]}
        options.append(option)
    return options


def _authentication_blocks(options: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what an option does not have: the API names the members differently here."""
    members = {
        "samlProviderArn": ("FederatedAuthentication", "SamlProviderArn"),
        "selfServiceSamlProviderArn": ("FederatedAuthentication", "SelfServiceSamlProviderArn"),
        "rootCertificateChainArn": ("MutualAuthentication", "ClientRootCertificateChain"),
        "activeDirectoryId": ("ActiveDirectory", "DirectoryId"),
    }
    return [
        {"type": option["Type"]}
        | {
            name: option[group][member]
            for name, (group, member) in members.items()
            if option.get(group, {}).get(member)
        }
        for option in options
    ]


def _set_dns_servers(resource: Resource) -> None:
    servers = resource.inputs.get("dnsServers") or []
    settings = {"CustomDnsServers": servers, "Enabled": True} if servers else {"Enabled": False}
    resource.call("modify_client_vpn_endpoint", ClientVpnEndpointId=resource.id, DnsServers=settings)


def _set_security_groups(resource: Resource) -> None:
    """Groups are of a VPC, which has to be told along with them."""
    endpoint = resource.call("describe_client_vpn_endpoints", ClientVpnEndpointIds=[resource.id])
    resource.call(
        "modify_client_vpn_endpoint",
        ClientVpnEndpointId=resource.id,
        SecurityGroupIds=resource.inputs.get("securityGroupIds") or [],
        VpcId=resource.inputs.get("vpcId") or endpoint["ClientVpnEndpoints"][0]["VpcId"],
    )


def _parse_association(identifier: str) -> dict[str, str]:
    """`endpoint,association`, as the real provider imports it, or the association's id alone."""
    endpoint, _, association = identifier.rpartition(",")
    return {"associationId": association} | ({"clientVpnEndpointId": endpoint} if endpoint else {})


def _rule(resource: Resource) -> dict[str, str]:
    parameters = {
        "ClientVpnEndpointId": resource.value("clientVpnEndpointId"),
        "TargetNetworkCidr": resource.value("targetNetworkCidr"),
    }
    group = resource.value("accessGroupId")
    return parameters | ({"AccessGroupId": group} if group else {})


def _authorize(resource: Resource) -> dict[str, str]:
    inputs = resource.inputs
    parameters: dict[str, Any] = {}
    if inputs.get("authorizeAllGroups"):
        parameters["AuthorizeAllGroups"] = True
    if inputs.get("description"):
        parameters["Description"] = inputs["description"]
    rule = _rule(resource)
    resource.call("authorize_client_vpn_ingress", **rule, **parameters)
    return {"rule": ",".join(rule.values())}


def _read_rule(resource: Resource) -> dict[str, Any] | None:
    rule = _rule(resource)
    answer = resource.call(
        "describe_client_vpn_authorization_rules",
        ClientVpnEndpointId=rule["ClientVpnEndpointId"],
        Filters=[{"Name": "destination-cidr", "Values": [rule["TargetNetworkCidr"]]}],
    )
    for found in answer["AuthorizationRules"]:
        if (found.get("GroupId") or None) == rule.get("AccessGroupId"):
            return {
                **found,
                "rule": ",".join(rule.values()),
                "accessGroupId": rule.get("AccessGroupId"),
                "authorizeAllGroups": found.get("AccessAll"),
                "targetNetworkCidr": found["DestinationCidr"],
            }
    return None


def _revoke(resource: Resource) -> None:
    rule = _rule(resource)
    everybody = {} if "AccessGroupId" in rule else {"RevokeAllGroups": True}
    resource.call("revoke_client_vpn_ingress", **rule, **everybody)


def _parse_rule(identifier: str) -> dict[str, str]:
    """`endpoint,network`, and `,group` where the rule is of one."""
    parts = identifier.split(",", 2)
    return dict(zip(("clientVpnEndpointId", "targetNetworkCidr", "accessGroupId"), parts, strict=False))


ROWS = (
    Row(
        "aws:ec2clientvpn/endpoint:Endpoint",
        "ec2",
        create=Call("create_client_vpn_endpoint"),
        id="{ClientVpnEndpointId}",
        read=Call("describe_client_vpn_endpoints", {"ClientVpnEndpointIds": ["{id}"]}, at="ClientVpnEndpoints[0]"),
        updates=(
            Update(_SETTINGS, Call("modify_client_vpn_endpoint", {"ClientVpnEndpointId": "{id}"}, only=_SETTINGS)),
            Update(("dnsServers",), _set_dns_servers),
            Update(("securityGroupIds", "vpcId"), _set_security_groups),
        ),
        delete=Call("delete_client_vpn_endpoint", {"ClientVpnEndpointId": "{id}"}),
        fields=(
            Field("authenticationOptions", encode=_authentication, decode=_authentication_blocks),
            unordered("securityGroupIds"),
            Field(
                "selfServicePortal",
                read="SelfServicePortalUrl && 'enabled' || 'disabled'",
                default="disabled",
            ),
            Field("sessionTimeoutHours", default=24),
            Field("splitTunnel", default=False),
            Field("transportProtocol", default="udp"),
            Field("vpnPort", default=443),
        ),
        outputs={"arn": "arn:aws:ec2:{region}:{account}:client-vpn-endpoint/{id}"},
        tags=ec2_tags("client-vpn-endpoint"),
        # Clients reach it once a subnet is associated, which is a resource of its own.
        ready=Ready(at="Status.Code", done=("pending-associate", "available"), gone=("deleted",)),
    ),
    Row(
        "aws:ec2clientvpn/networkAssociation:NetworkAssociation",
        "ec2",
        create=Call("associate_client_vpn_target_network"),
        id="{AssociationId}",
        parse=_parse_association,
        read=Call(
            "describe_client_vpn_target_networks",
            {"AssociationIds": ["{associationId}"]},
            at="ClientVpnTargetNetworks[0]",
        ),
        delete=Call("disassociate_client_vpn_target_network"),
        fields=(Field("subnetId", read="TargetNetworkId"),),
        ready=Ready(at="Status.Code", done=("associated",), failed=("association-failed",), gone=("disassociated",)),
        # An endpoint leads to one subnet of a zone.
        name="clientVpnEndpointId",
    ),
    Row(
        "aws:ec2clientvpn/authorizationRule:AuthorizationRule",
        "ec2",
        create=_authorize,
        id="{rule}",
        parse=_parse_rule,
        read=_read_rule,
        delete=_revoke,
        fields=(Field("authorizeAllGroups", default=False), Field("description", default="")),
        handles=("accessGroupId", "authorizeAllGroups", "clientVpnEndpointId", "description", "targetNetworkCidr"),
        ready=Ready(at="Status.Code", done=("active",), failed=("failed",)),
        name="targetNetworkCidr",
    ),
)
