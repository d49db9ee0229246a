"""IAM policy documents."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

# One statement as IAM reads it; resources and conditions may hold outputs.
Statement = Mapping[str, Any]
Condition = Mapping[str, Mapping[str, Any]]
Resources = Sequence[pulumi.Input[str]]


def allow(actions: Sequence[str], resources: Resources, condition: Condition | None = None) -> Statement:
    return _statement("Allow", actions, resources, condition)


def deny(actions: Sequence[str], resources: Resources, condition: Condition | None = None) -> Statement:
    return _statement("Deny", actions, resources, condition)


def trust(principal: Mapping[str, Any], actions: Sequence[str], condition: Condition | None = None) -> Statement:
    """Who may take a role, as the only statement of its trust policy."""
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": principal, "Action": list(actions)}
    return {**statement, "Condition": condition} if condition else statement


def document(*statements: Statement) -> pulumi.Output[str]:
    """JSON without spaces: the length that IAM's limits count."""
    content = {"Version": "2012-10-17", "Statement": list(statements)}
    return pulumi.Output.json_dumps(content, separators=(",", ":"))


def _statement(effect: str, actions: Sequence[str], resources: Resources, condition: Condition | None) -> Statement:
    statement: dict[str, Any] = {"Effect": effect, "Action": list(actions), "Resource": list(resources)}
    return {**statement, "Condition": condition} if condition else statement
