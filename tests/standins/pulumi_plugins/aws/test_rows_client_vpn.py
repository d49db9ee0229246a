"""Client VPN, by the engine and the stand-in on the emulator."""

import pytest
from patchbay_operations.access import Access

from tests.standins.aws.account import Account
from tests.standins.pulumi_plugins.aws.rounds import is_found_again, is_taken_down, resources, stays
from tests.standins.pulumi_plugins.stack import Stack

pytestmark = pytest.mark.long

PROGRAM = """
HOURS, SERVERS, TITLE = 8, ["10.50.0.2"], "private"
vpc = aws.ec2.Vpc("main", cidr_block="10.50.0.0/16", tags={"Name": "vpn"}, opts=opts)
subnet = aws.ec2.Subnet("main", vpc_id=vpc.id, cidr_block="10.50.0.0/24", availability_zone="eu-central-1a",
    tags={"Name": "vpn"}, opts=opts)
group = aws.ec2.SecurityGroup("main", name="vpn", description="VPN", vpc_id=vpc.id, tags={"Name": "vpn"}, opts=opts)
log = aws.cloudwatch.LogGroup("main", name="client-vpn", retention_in_days=30, tags={"Name": "vpn"}, opts=opts)
endpoint = aws.ec2clientvpn.Endpoint("main", description="Private systems", vpc_id=vpc.id,
    client_cidr_block="10.200.0.0/20",
    server_certificate_arn="arn:aws:acm:eu-central-1:111122223333:certificate/11111111-2222-3333-4444-555555555555",
    authentication_options=[aws.ec2clientvpn.EndpointAuthenticationOptionArgs(
        type="federated-authentication", saml_provider_arn="arn:aws:iam::111122223333:saml-provider/example")],
    connection_log_options=aws.ec2clientvpn.EndpointConnectionLogOptionsArgs(
        enabled=True, cloudwatch_log_group=log.name),
    security_group_ids=[group.id], dns_servers=SERVERS, split_tunnel=True, self_service_portal="disabled",
    session_timeout_hours=HOURS, transport_protocol="udp", vpn_port=443, tags={"Name": "vpn"}, opts=opts)
certified = aws.ec2clientvpn.Endpoint("certified", client_cidr_block="10.210.0.0/20",
    server_certificate_arn="arn:aws:acm:eu-central-1:111122223333:certificate/11111111-2222-3333-4444-555555555555",
    authentication_options=[aws.ec2clientvpn.EndpointAuthenticationOptionArgs(type="certificate-authentication",
        root_certificate_chain_arn="arn:aws:acm:eu-central-1:111122223333:certificate/11111111-2222-3333-4444-666666666666")],
    connection_log_options=aws.ec2clientvpn.EndpointConnectionLogOptionsArgs(enabled=False),
    tags={"Name": "vpn-certified"}, opts=opts)
aws.ec2clientvpn.NetworkAssociation("main", client_vpn_endpoint_id=endpoint.id, subnet_id=subnet.id, opts=opts)
aws.ec2clientvpn.AuthorizationRule("group", client_vpn_endpoint_id=endpoint.id, target_network_cidr="10.50.0.0/24",
    access_group_id="platform", description=TITLE, opts=opts)
aws.ec2clientvpn.AuthorizationRule("everybody", client_vpn_endpoint_id=certified.id,
    target_network_cidr="10.50.0.0/24", authorize_all_groups=True, description="all", opts=opts)
pulumi.export("name", endpoint.dns_name)
"""


def test_a_client_vpn_is_made_kept_found_again_and_taken_down(
    stack: Stack, emulated: str, account: Account, access: Access
) -> None:
    stack.up(emulated + PROGRAM)
    made = resources(stack)
    endpoint, certified = made["Endpoint main"]["id"], made["Endpoint certified"]["id"]
    assert endpoint.startswith("cvpn-endpoint-")
    assert endpoint in stack.outputs()["name"]
    assert made["NetworkAssociation main"]["id"].startswith("cvpn-assoc-")
    assert made["AuthorizationRule group"]["id"] == f"{endpoint},10.50.0.0/24,platform"
    assert made["AuthorizationRule everybody"]["id"] == f"{certified},10.50.0.0/24"
    stays(stack)
    is_found_again(stack, access)
    is_taken_down(stack)
    assert account.client("ec2").describe_client_vpn_endpoints()["ClientVpnEndpoints"] == []


def test_a_client_vpn_changes_in_place(stack: Stack, emulated: str, account: Account) -> None:
    stack.up(emulated + PROGRAM)
    before = resources(stack)
    changed = PROGRAM.replace('8, ["10.50.0.2"], "private"', '12, ["10.50.0.2", "192.0.2.53"], "private"')
    assert stack.up(emulated + changed).count("updated") == 1
    found = account.client("ec2").describe_client_vpn_endpoints(ClientVpnEndpointIds=[before["Endpoint main"]["id"]])
    (endpoint,) = found["ClientVpnEndpoints"]
    assert endpoint["SessionTimeoutHours"] == 12
    assert endpoint["DnsServers"] == ["10.50.0.2", "192.0.2.53"]
    stays(stack)

    # A rule cannot change, nor exist twice: it gives way to its successor.
    replaced = stack.up(emulated + changed.replace('"private"', '"private-a"'))
    assert replaced.count("replaced") == 1, replaced.output
    assert resources(stack)["AuthorizationRule group"]["outputs"]["description"] == "private-a"
    is_taken_down(stack)
