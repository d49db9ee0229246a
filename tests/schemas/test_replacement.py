"""Replacements that depend on the values, as Terraform's provider decides them; its sources stand beside the rows."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from patchbay_policies.model import UNKNOWN
from patchbay_standins.pulumi_plugins.aws_provider.difference import compare
from patchbay_standins.pulumi_plugins.aws_provider.rows import TABLE

from tests.schemas.replacement import Answer, formation, standin

DOMAIN = "aws:opensearch/domain:Domain"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
DATABASE = "aws:rds/instance:Instance"
ON, OFF = {"enabled": True}, {"enabled": False}


def replaced(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[str]:
    """The inputs whose change replaces."""
    return {str(path[0]) for path in compare(TABLE[kind], old, new, old).replaces}


# internal/service/opensearch/domain.go, CustomizeDiff.
@pytest.mark.parametrize("name", ["advancedSecurityOptions", "encryptAtRest", "nodeToNodeEncryption"])
def test_a_domain_is_protected_in_place_and_made_anew_without_protection(name: str) -> None:
    assert replaced(DOMAIN, {name: OFF}, {name: ON}) == set()
    assert replaced(DOMAIN, {}, {name: ON}) == set()
    assert replaced(DOMAIN, {name: ON}, {name: OFF}) == {name}


def test_a_domain_gets_another_key_only_by_being_made_anew() -> None:
    old, new = ({"encryptAtRest": {**ON, "kmsKeyId": key}} for key in ("one", "two"))
    assert replaced(DOMAIN, old, new) == {"encryptAtRest"}


def test_protection_that_the_deployment_tells_is_not_taken_for_none() -> None:
    assert replaced(DOMAIN, {"encryptAtRest": ON}, {"encryptAtRest": UNKNOWN}) == set()


# terraform-provider-aws issue 2136: a domain that was made without a VPC never enters one.
def test_a_domain_changes_its_groups_in_place_and_its_vpc_by_being_made_anew() -> None:
    inside = {"vpcOptions": {"subnetIds": ["one"], "securityGroupIds": ["one"]}}
    other = {"vpcOptions": {"subnetIds": ["one"], "securityGroupIds": ["two"]}}
    assert replaced(DOMAIN, inside, other) == set()
    assert replaced(DOMAIN, {}, inside) == {"vpcOptions"}
    assert replaced(DOMAIN, inside, {}) == {"vpcOptions"}


# internal/service/ec2/vpc_security_group_ingress_rule.go, ModifyPlan.
def test_a_rule_keeps_the_kind_of_its_peer() -> None:
    rule = {"securityGroupId": "sg-1", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
    network = {**rule, "cidrIpv4": "10.0.0.0/16"}
    assert replaced(RULE, network, {**rule, "cidrIpv4": "10.1.0.0/16"}) == set()
    assert replaced(RULE, network, {**rule, "referencedSecurityGroupId": "sg-2"}) == {
        "cidrIpv4",
        "referencedSecurityGroupId",
    }


def test_a_change_that_nothing_sees_is_no_answer() -> None:
    assert standin(DATABASE, {"passwordWo": "one", "passwordWoVersion": 1}, "passwordWo") is Answer.IGNORES
    assert standin(DATABASE, {"passwordWo": "one", "passwordWoVersion": 1}, "passwordWoVersion") is Answer.UPDATES


def test_what_cloudformation_leaves_open_is_left_open() -> None:
    assert formation([("AWS::RDS::DBInstance", "KmsKeyId")]) is Answer.REPLACES
    assert formation([("AWS::RDS::DBInstance", "DBInstanceClass")]) is Answer.UPDATES
    assert formation([("AWS::RDS::DBInstance", "Engine")]) is None
    assert formation([("AWS::EKS::Cluster", "KubernetesNetworkConfig/IpFamily")]) is Answer.REPLACES
