"""What the data services' tests share: a network to be placed in, and how a config is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pytest
from patchbay_config.errors import describe
from patchbay_config.model import Model
from pydantic import ValidationError

from .mocks import ZONES, Created, Recorded, mock_arn

DATA_KEY = mock_arn("data-key")
LOGS_KEY = mock_arn("logs-key")
SECRETS_KEY = mock_arn("secrets-key")
CLIENTS = {"nodes": "sg-nodes"}


@dataclass(frozen=True)
class Network:
    """`data_subnet_ids`: named after their zone."""

    vpc_id: pulumi.Output[str]
    data_subnet_ids: Mapping[str, pulumi.Output[str]]


def network() -> Network:
    return Network(
        pulumi.Output.from_input("vpc-1"), {zone: pulumi.Output.from_input(f"subnet-{zone}") for zone in ZONES}
    )


def refusal(config: type[Model], values: Mapping[str, Any]) -> str:
    """What the writer of a config is told, by line `<field>: <remedy>`."""
    with pytest.raises(ValidationError) as refused:
        config.model_validate(values)
    return describe("", refused.value, missing="set it")


def assert_reached_by_clients_only(recorded: Recorded, group: Created, port: int) -> None:
    """The only ways in and out of the group: from the clients, on the port, by both sides' rules."""
    ingress = recorded.of("vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    egress = recorded.of("vpc/securityGroupEgressRule:SecurityGroupEgressRule")
    assert [(rule.inputs["securityGroupId"], rule.inputs["referencedSecurityGroupId"]) for rule in ingress] == [
        (group.id, "sg-nodes")
    ]
    assert [(rule.inputs["securityGroupId"], rule.inputs["referencedSecurityGroupId"]) for rule in egress] == [
        ("sg-nodes", group.id)
    ]
    for rule in (*ingress, *egress):
        assert (rule.inputs["fromPort"], rule.inputs["toPort"], rule.inputs["ipProtocol"]) == (port, port, "tcp")
        assert not {"cidrIpv4", "cidrIpv6"} & set(rule.inputs)
    assert not {"ingress", "egress"} & set(group.inputs)


def assert_logs_are_encrypted_and_expire(recorded: Recorded, names: set[str], days: int = 30) -> None:
    groups = recorded.of("cloudwatch/logGroup:LogGroup")
    assert {group.inputs["name"] for group in groups} == names
    assert {(group.inputs["kmsKeyId"], group.inputs["retentionInDays"]) for group in groups} == {(LOGS_KEY, days)}


def assert_tagged_uniquely(recorded: Recorded) -> None:
    """Whoever recovers a killed update finds each resource by type and Name."""
    tagged = [
        (one.type, one.inputs["tags"]["Name"])
        for one in recorded.resources
        if one.type.startswith("aws:") and "tags" in one.inputs
    ]
    assert tagged
    assert len(set(tagged)) == len(tagged)
