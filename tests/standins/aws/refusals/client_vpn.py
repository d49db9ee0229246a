"""Client VPN: what a route or a rule needs, and that none is there twice."""

from typing import Any

from tests.standins.aws.account import REGION, Account
from tests.standins.aws.refusals.row import Arguments, Table

TABLE = Table("ec2")


@TABLE.refuses(
    "create_client_vpn_route",
    "InvalidClientVpnDuplicateRoute",
    words="Route already exists",
    source="hashicorp/terraform-provider-aws 18080",
)
def the_association_made_the_route(account: Account) -> Arguments:
    network = account.network()
    endpoint = _endpoint(account)
    account.client("ec2").associate_client_vpn_target_network(ClientVpnEndpointId=endpoint, SubnetId=network.subnets[0])
    return {
        "ClientVpnEndpointId": endpoint,
        "DestinationCidrBlock": "10.0.0.0/16",
        "TargetVpcSubnetId": network.subnets[0],
    }


@TABLE.refuses(
    "authorize_client_vpn_ingress",
    "MissingParameter",
    words="You must specify either access-group-id or authorize-all-groups",
    source="awsdocs/aws-cloudformation-user-guide 583",
)
def a_rule_is_for_nobody(account: Account) -> Arguments:
    return {"ClientVpnEndpointId": _endpoint(account), "TargetNetworkCidr": "10.0.0.0/16"}


def _endpoint(account: Account) -> str:
    certificate = f"arn:aws:acm:{REGION}:111122223333:certificate/example"
    authority: dict[str, Any] = {
        "Type": "certificate-authentication",
        "MutualAuthentication": {"ClientRootCertificateChainArn": certificate},
    }
    made = account.client("ec2").create_client_vpn_endpoint(
        ClientCidrBlock="10.100.0.0/22",
        ServerCertificateArn=certificate,
        AuthenticationOptions=[authority],
        ConnectionLogOptions={"Enabled": False},
    )
    return str(made["ClientVpnEndpointId"])
