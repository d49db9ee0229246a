"""What the client VPN gives: the platform team's way to private systems, and each group no more than it needs."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from patchbay_infra.network.component import Network
from patchbay_infra.network.config import NetworkConfig
from patchbay_infra.vpn.component import ClientVpn
from patchbay_infra.vpn.config import ClientVpnConfig

from tests.unit.infra.mocks import ACCOUNT, PRODUCTION, ZONES, Recorded, mock_id, record
from tests.unit.infra.refusals import refusal

LOGS_KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/logs"
CERTIFICATE = f"arn:aws:acm:eu-central-1:{ACCOUNT}:certificate/11111111-2222-3333-4444-555555555555"
SAML = f"arn:aws:iam::{ACCOUNT}:saml-provider/example"
OUTPUTS: Mapping[str, Mapping[str, Any]] = {
    "ec2/vpc:Vpc": {"defaultNetworkAclId": "acl-default"},
    "ec2/eip:Eip": {"publicIp": "203.0.113.10"},
    "ec2clientvpn/endpoint:Endpoint": {"dnsName": "*.cvpn-endpoint.example.com"},
}
BASE = {"clientCidr": "10.200.0.0/20", "serverCertificateArn": CERTIFICATE}
CONFIG: dict[str, Any] = {
    **BASE,
    "samlProviderArn": SAML,
    "groups": {"operators": {"id": "g-operators"}, "database": {"id": "g-database", "reaches": ["private", "data"]}},
}
CERTIFICATES: dict[str, Any] = {**BASE, "clientRootCertificateArn": CERTIFICATE}


def vpn(config: Mapping[str, Any]) -> Recorded:
    def program() -> Mapping[str, Any]:
        network = Network(
            "network",
            NetworkConfig.model_validate({"cidr": "10.20.0.0/16"}),
            context=PRODUCTION,
            logs_key_arn=LOGS_KEY,
            opts=pulumi.ResourceOptions(),
        )
        made = ClientVpn(
            "vpn",
            ClientVpnConfig.model_validate(config),
            context=PRODUCTION,
            network=network,
            logs_key_arn=LOGS_KEY,
            opts=pulumi.ResourceOptions(),
        )
        return {
            "endpoint": made.endpoint_id,
            "name": made.dns_name,
            "group": made.security_group_id,
            "private": network.private_cidrs,
            "data": network.data_cidrs,
            "subnets": network.private_subnet_ids,
        }

    return record(program, outputs=OUTPUTS)


@pytest.fixture(scope="module")
def saml() -> Recorded:
    return vpn(CONFIG)


def reached(recorded: Recorded, group: str | None) -> set[str]:
    rules = [one.inputs for one in recorded.of("AuthorizationRule")]
    return {one["targetNetworkCidr"] for one in rules if one.get("accessGroupId") == group}


def test_only_what_goes_to_the_vpc_is_carried(saml: Recorded) -> None:
    endpoint = saml.one("ec2clientvpn/endpoint:Endpoint").inputs
    assert endpoint["splitTunnel"] is True
    assert endpoint["clientCidrBlock"] == "10.200.0.0/20"
    assert endpoint["selfServicePortal"] == "disabled"


def test_private_names_are_resolved_by_the_vpcs_own_resolver(saml: Recorded) -> None:
    assert saml.one("ec2clientvpn/endpoint:Endpoint").inputs["dnsServers"] == ["10.20.0.2"]


def test_members_log_in_through_saml(saml: Recorded) -> None:
    (way,) = saml.one("ec2clientvpn/endpoint:Endpoint").inputs["authenticationOptions"]
    assert way == {"type": "federated-authentication", "samlProviderArn": SAML}


def test_every_connection_is_logged_encrypted(saml: Recorded) -> None:
    log = saml.one("LogGroup", "vpn").inputs
    assert (log["kmsKeyId"], log["retentionInDays"]) == (LOGS_KEY, 30)
    options = saml.one("ec2clientvpn/endpoint:Endpoint").inputs["connectionLogOptions"]
    assert options == {"enabled": True, "cloudwatchLogGroup": log["name"]}


def test_the_endpoint_stands_in_the_private_subnet_of_every_zone(saml: Recorded) -> None:
    associated = {one.inputs["subnetId"] for one in saml.of("NetworkAssociation")}
    assert associated == set(saml.outputs["subnets"].values())
    assert len(associated) == len(ZONES)


def test_a_group_reaches_its_subnets_and_no_others(saml: Recorded) -> None:
    private, data = set(saml.outputs["private"].values()), set(saml.outputs["data"].values())
    assert reached(saml, "g-operators") == private
    assert reached(saml, "g-database") == private | data
    assert not any(one.inputs.get("authorizeAllGroups") for one in saml.of("AuthorizationRule"))


def test_holders_of_a_certificate_reach_private_subnets_only() -> None:
    recorded = vpn(CERTIFICATES)
    assert reached(recorded, None) == set(recorded.outputs["private"].values())
    assert all(one.inputs["authorizeAllGroups"] for one in recorded.of("AuthorizationRule"))
    (way,) = recorded.one("ec2clientvpn/endpoint:Endpoint").inputs["authenticationOptions"]
    assert way == {"type": "certificate-authentication", "rootCertificateChainArn": CERTIFICATE}


def test_nothing_opens_a_connection_to_a_client_and_clients_speak_https_to_private_subnets(saml: Recorded) -> None:
    group = mock_id("vpn")
    assert saml.outputs["group"] == group
    assert not [one for one in saml.of("SecurityGroupIngressRule") if one.inputs["securityGroupId"] == group]
    out = [one.inputs for one in saml.of("SecurityGroupEgressRule") if one.inputs["securityGroupId"] == group]
    assert {(one["cidrIpv4"], one["fromPort"], one["toPort"]) for one in out} == {
        (cidr, 443, 443) for cidr in saml.outputs["private"].values()
    }


@pytest.mark.parametrize(
    ("config", "field", "remedy"),
    [
        ({**CONFIG, "clientCidr": "10.200.0.0/24"}, "clientCidr", "widen or narrow it"),
        ({**CONFIG, "clientCidr": "10.0.0.0/8"}, "clientCidr", "widen or narrow it"),
        ({**CONFIG, "clientCidr": "198.51.0.0/16"}, "clientCidr", "choose a range in one of them"),
        ({**CONFIG, "serverCertificateArn": SAML}, "serverCertificateArn", "import it there and give its ARN"),
        ({**CONFIG, "samlProviderArn": CERTIFICATE}, "samlProviderArn", "create it there and give its ARN"),
        ({**CERTIFICATES, "clientRootCertificateArn": SAML}, "clientRootCertificateArn", "import it there"),
        ({**CONFIG, "clientRootCertificateArn": CERTIFICATE}, "samlProviderArn", "remove one of them"),
        (BASE, "samlProviderArn", "set samlProviderArn or clientRootCertificateArn"),
        ({**CONFIG, "groups": {}}, "groups", "name at least one group"),
        ({**CERTIFICATES, "groups": CONFIG["groups"]}, "groups", "remove it, or use samlProviderArn"),
        ({**CONFIG, "groups": {"one": {"id": "g"}, "two": {"id": "g"}}}, "groups", "keep one of them"),
        ({**CONFIG, "groups": {"one": {"id": "g", "reaches": ["data"] * 2}}}, "groups.one.reaches", "name each once"),
        ({**CONFIG, "groups": {"one": {"id": "g", "reaches": []}}}, "groups.one.reaches", "at least 1 item"),
        ({**CONFIG, "sessionHours": 9}, "sessionHours", "8, 10, 12 or 24"),
        ({**CONFIG, "logDays": 31}, "logDays", "set 30, 90, 365 or another of its periods"),
    ],
)
def test_a_refused_vpn_names_the_field_and_the_remedy(config: Mapping[str, Any], field: str, remedy: str) -> None:
    told = refusal(ClientVpnConfig, config)
    assert field in told
    assert remedy in told
    assert "g-operators" not in told


def test_clients_never_share_addresses_with_the_vpc() -> None:
    config = ClientVpnConfig.model_validate(CONFIG)
    beside, same = (NetworkConfig.model_validate({"cidr": cidr}) for cidr in ("10.20.0.0/16", "10.200.0.0/16"))
    assert list(config.collisions(beside)) == []
    ((field, remedy),) = config.collisions(same)
    assert field == "clientCidr"
    assert "choose another range" in remedy


def test_production_is_held_to_more_than_other_environments() -> None:
    weak = ClientVpnConfig.model_validate({**CERTIFICATES, "logDays": 7})
    assert {field for field, _ in weak.faults(production=True)} == {"samlProviderArn", "logDays"}
    assert list(weak.faults(production=False)) == []
    assert list(ClientVpnConfig.model_validate(CONFIG).faults(production=True)) == []
