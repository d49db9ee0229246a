"""The judge bites: each spoiled input is told with its type, its property and the rule that it breaks."""

from collections.abc import Mapping
from typing import Any

import pytest
from patchbay_policies.model import UNKNOWN, Resource

from tests.policy.recorded import ARN
from tests.schemas.judge import judge
from tests.schemas.placements import PLACEMENTS
from tests.schemas.translation import Later, Translation, translate

ROLE = "aws:iam/role:Role"
TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"%s","Principal":{"Service":"%s"},"Action":"sts:AssumeRole"}]}'
TARGETS = "aws:lb/targetGroup:TargetGroup"
GROUP = "aws:cloudwatch/logGroup:LogGroup"
DATABASE = "aws:rds/instance:Instance"
RULE = "aws:ec2/networkAclRule:NetworkAclRule"

GOOD: Mapping[str, dict[str, Any]] = {
    ROLE: {"name": "example", "assumeRolePolicy": TRUST % ("Allow", "ec2.amazonaws.com"), "maxSessionDuration": 3600.0},
    TARGETS: {
        "name": "example",
        "port": 30080.0,
        "protocol": "HTTP",
        "targetType": "instance",
        "vpcId": "network-id",
        "deregistrationDelay": 75.0,
        "healthCheck": {"path": "/healthz", "protocol": "HTTP", "interval": 10.0},
    },
    GROUP: {"name": "/example", "retentionInDays": 30.0, "kmsKeyId": f"{ARN}keys-logs", "tags": {"Name": "example"}},
    DATABASE: {
        "identifier": "example",
        "engine": "mariadb",
        "engineVersion": "11.4.3",
        "instanceClass": "db.r7g.large",
        "allocatedStorage": 50.0,
        "storageType": "gp3",
        "kmsKeyId": UNKNOWN,
        "storageEncrypted": True,
    },
    RULE: {
        "networkAclId": UNKNOWN,
        "ruleNumber": 10.0,
        "ruleAction": "allow",
        "protocol": "tcp",
        "fromPort": 443.0,
        "toPort": 443.0,
        "cidrBlock": "10.0.0.0/16",
        "egress": False,
    },
}


def put(kind: str, inputs: dict[str, Any], name: str = "example") -> tuple[Resource, Translation]:
    resource = Resource(kind, name, inputs)
    network = Resource("aws:ec2/vpc:Vpc", "network", {})
    return resource, translate(resource, PLACEMENTS[kind], Later([resource, network]))


@pytest.mark.parametrize("kind", GOOD)
def test_inputs_as_aws_documents_them_are_taken(kind: str) -> None:
    assert judge([put(kind, GOOD[kind])]) == []


@pytest.mark.parametrize(
    ("kind", "spoiled", "pointer", "rule"),
    [
        pytest.param(TARGETS, {"targetType": "container"}, "TargetType", "E3030", id="a word that AWS does not know"),
        pytest.param(
            TARGETS, {"healthCheck": {"protocol": "GOPHER"}}, "HealthCheckProtocol", "E3030", id="a nested word"
        ),
        pytest.param(ROLE, {"name": "x" * 65}, "RoleName", "E3033", id="a name that is too long"),
        pytest.param(ROLE, {"name": "a role"}, "RoleName", "E3031", id="a name with a space"),
        pytest.param(ROLE, {"assumeRolePolicy": None}, "", "E3003", id="a required property is missing"),
        pytest.param(
            ROLE, {"maxSessionDuration": 60.0}, "MaxSessionDuration", "E3034", id="a number that is too small"
        ),
        pytest.param(ROLE, {"maxSessionDuration": "an hour"}, "MaxSessionDuration", "E3012", id="text for a number"),
        pytest.param(
            ROLE,
            {"assumeRolePolicy": TRUST % ("Permit", "ec2.amazonaws.com")},
            "AssumeRolePolicyDocument/Statement/Effect",
            "E3530",
            id="a policy with a word that IAM does not know",
        ),
        pytest.param(GROUP, {"retentionInDays": 31.0}, "RetentionInDays", "E3030", id="days that are not on offer"),
        pytest.param(GROUP, {"tags": {"aws:owner": "x"}}, "Tags/Key", "E3024", id="a tag that only AWS may write"),
        pytest.param(RULE, {"ruleAction": "permit"}, "RuleAction", "E3030", id="a word in a part of the network"),
        pytest.param(
            DATABASE, {"instanceClass": "db.r7g.tiny"}, "DBInstanceClass", "E3025", id="a class that RDS does not have"
        ),
    ],
)
def test_what_aws_would_refuse_is_told_by_type_property_and_rule(
    kind: str, spoiled: dict[str, Any], pointer: str, rule: str
) -> None:
    found = judge([put(kind, GOOD[kind] | spoiled)])
    assert (kind, pointer, rule) in {(finding.type, finding.pointer, finding.rule) for finding in found}, found
    told = next(str(finding) for finding in found if finding.rule == rule)
    assert kind in told
    assert pointer in told


def test_an_input_that_no_schema_has_is_not_taken_for_held() -> None:
    _, translation = put(TARGETS, GOOD[TARGETS] | {"colour": "red", "healthCheck": {"path": "/", "mood": "good"}})
    assert translation.unplaced == {"colour", "healthCheck.mood"}


def test_what_only_the_deployment_tells_is_neither_refused_nor_guessed() -> None:
    _, translation = put(GROUP, GOOD[GROUP])
    [(_, properties)] = translation.resources
    assert properties["KmsKeyId"] == {"Fn::ImportValue": f"{ARN}keys-logs"}
    assert judge([put(GROUP, {"name": UNKNOWN, "retentionInDays": UNKNOWN, "tags": {"Name": UNKNOWN}})]) == []


def test_two_resources_of_one_name_are_told() -> None:
    found = judge([put(GROUP, GOOD[GROUP], "one"), put(GROUP, GOOD[GROUP], "two")])
    assert {finding.rule for finding in found} == {"E3019"}
    assert {finding.resource for finding in found} == {"one", "two"}


def test_a_secret_never_comes_into_a_message() -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "do-not-show"}
    found = judge([put(DATABASE, GOOD[DATABASE] | {"passwordWo": secret, "username": secret})])
    assert "do-not-show" not in "".join(map(str, found))
