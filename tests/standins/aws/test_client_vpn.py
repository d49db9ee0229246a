"""EC2's Client VPN."""

from typing import Any

import pytest

from tests.standins.aws.account import Account, Network, refused

GIVEN: dict[str, Any] = {
    "ClientCidrBlock": "10.200.0.0/22",
    "ServerCertificateArn": "arn:aws:acm:eu-central-1:111122223333:certificate/example",
    "ConnectionLogOptions": {"Enabled": True, "CloudwatchLogGroup": "vpn"},
    "SplitTunnel": True,
    "TransportProtocol": "tcp",
}
LOGIN = {
    "Type": "federated-authentication",
    "FederatedAuthentication": {"SAMLProviderArn": "arn:aws:iam::111122223333:saml-provider/example"},
}


@pytest.fixture
def network(account: Account) -> Network:
    return account.network()


@pytest.fixture
def endpoint(account: Account, network: Network) -> str:
    specification = {"ResourceType": "client-vpn-endpoint", "Tags": [{"Key": "Name", "Value": network.vpc}]}
    made = account.client("ec2").create_client_vpn_endpoint(
        AuthenticationOptions=[LOGIN], VpcId=network.vpc, TagSpecifications=[specification], **GIVEN
    )
    return str(made["ClientVpnEndpointId"])


def _described(account: Account, endpoint: str) -> dict[str, Any]:
    answer: dict[str, Any] = account.client("ec2").describe_client_vpn_endpoints(ClientVpnEndpointIds=[endpoint])
    return dict(answer["ClientVpnEndpoints"][0])


def test_an_endpoint_is_described_as_it_was_made_and_modified(account: Account, endpoint: str) -> None:
    described = _described(account, endpoint)
    assert {member: described[member] for member in GIVEN} == GIVEN
    assert described["AuthenticationOptions"][0]["FederatedAuthentication"] == {
        "SamlProviderArn": LOGIN["FederatedAuthentication"]["SAMLProviderArn"]  # type: ignore[index]
    }
    assert described["Status"]["Code"] == "pending-associate"
    account.client("ec2").modify_client_vpn_endpoint(
        ClientVpnEndpointId=endpoint,
        Description="private systems",
        SplitTunnel=False,
        DnsServers={"CustomDnsServers": ["10.0.0.2"], "Enabled": True},
    )
    described = _described(account, endpoint)
    assert (described["Description"], described["SplitTunnel"]) == ("private systems", False)
    assert described["DnsServers"] == ["10.0.0.2"]


def test_an_endpoint_is_found_by_its_tags(account: Account, network: Network, endpoint: str) -> None:
    ec2 = account.client("ec2")
    by_name = [{"Name": "tag:Name", "Values": [network.vpc]}]
    found = ec2.describe_client_vpn_endpoints(Filters=by_name)["ClientVpnEndpoints"]
    assert [item["ClientVpnEndpointId"] for item in found] == [endpoint]
    ec2.create_tags(Resources=[endpoint], Tags=[{"Key": "owner", "Value": "platform"}])
    ec2.delete_tags(Resources=[endpoint], Tags=[{"Key": "Name"}])
    tags = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [endpoint]}])["Tags"]
    assert [(tag["Key"], tag["ResourceType"]) for tag in tags] == [("owner", "client-vpn-endpoint")]


def test_target_networks_make_it_available_and_bring_their_route(
    account: Account, network: Network, endpoint: str
) -> None:
    ec2 = account.client("ec2")
    of = {"ClientVpnEndpointId": endpoint}
    made = [
        ec2.associate_client_vpn_target_network(SubnetId=subnet, **of)["AssociationId"] for subnet in network.subnets
    ]
    assert _described(account, endpoint)["Status"]["Code"] == "available"
    found = ec2.describe_client_vpn_target_networks(**of)["ClientVpnTargetNetworks"]
    assert {item["TargetNetworkId"] for item in found} == set(network.subnets)
    assert {item["DestinationCidr"] for item in ec2.describe_client_vpn_routes(**of)["Routes"]} == {"10.0.0.0/16"}
    with refused("InvalidClientVpnDuplicateAssociationException"):
        ec2.associate_client_vpn_target_network(SubnetId=network.subnets[0], **of)
    with refused("DependencyViolation"):
        ec2.delete_client_vpn_endpoint(**of)
    for association in made:
        ec2.disassociate_client_vpn_target_network(AssociationId=association, **of)
    assert ec2.describe_client_vpn_routes(**of)["Routes"] == []
    ec2.delete_client_vpn_endpoint(**of)
    with refused("InvalidClientVpnEndpointId.NotFound"):
        _described(account, endpoint)


def test_routes_are_added_and_deleted(account: Account, network: Network, endpoint: str) -> None:
    ec2 = account.client("ec2")
    of = {"ClientVpnEndpointId": endpoint}
    route = {"DestinationCidrBlock": "192.0.2.0/24", "TargetVpcSubnetId": network.subnets[0], **of}
    with refused("InvalidClientVpnActiveAssociationNotFound"):
        ec2.create_client_vpn_route(**route)
    ec2.associate_client_vpn_target_network(SubnetId=network.subnets[0], **of)
    ec2.create_client_vpn_route(**route)
    added = [{"Name": "origin", "Values": ["add-route"]}]
    found = ec2.describe_client_vpn_routes(Filters=added, **of)["Routes"]
    assert [item["DestinationCidr"] for item in found] == ["192.0.2.0/24"]
    ec2.delete_client_vpn_route(**route)
    with refused("InvalidClientVpnRouteNotFound"):
        ec2.delete_client_vpn_route(**route)


def test_groups_are_let_in_and_shut_out(account: Account, endpoint: str) -> None:
    ec2 = account.client("ec2")
    of = {"ClientVpnEndpointId": endpoint}
    rule = {"TargetNetworkCidr": "10.0.0.0/16", "AccessGroupId": "operators"}
    ec2.authorize_client_vpn_ingress(Description="operators", **rule, **of)
    with refused("InvalidClientVpnDuplicateAuthorizationRule"):
        ec2.authorize_client_vpn_ingress(**rule, **of)
    with refused("MissingParameter"):
        ec2.authorize_client_vpn_ingress(TargetNetworkCidr="10.0.0.0/16", **of)
    found = ec2.describe_client_vpn_authorization_rules(**of)["AuthorizationRules"]
    assert [(item["GroupId"], item["AccessAll"], item["DestinationCidr"]) for item in found] == [
        ("operators", False, "10.0.0.0/16")
    ]
    ec2.revoke_client_vpn_ingress(**rule, **of)
    assert ec2.describe_client_vpn_authorization_rules(**of)["AuthorizationRules"] == []
    with refused("InvalidClientVpnEndpointAuthorizationRuleNotFound"):
        ec2.revoke_client_vpn_ingress(**rule, **of)
