"""A stack rule about what the program asks for is not misled by what others have set in the cluster."""

from dataclasses import replace
from typing import Final

import pytest
from patchbay_policies import rules
from patchbay_policies.model import Environment, Resource, Stack, StackRule

ENVIRONMENT: Final = Environment("local", "local", production=False)
SCALER: Final = Resource(
    "kubernetes:keda.sh/v1alpha1:ScaledObject",
    "scaler",
    {"metadata": {"name": "web"}, "spec": {"scaleTargetRef": {"name": "web"}}},
)
# As the cluster shows it: with the number that the autoscaler has set.
LIVE: Final = Resource("kubernetes:apps/v1:Deployment", "web", {"metadata": {"name": "web"}, "spec": {"replicas": 3}})


@pytest.fixture
def rule() -> StackRule:
    found = next(entry for entry in rules.ALL if entry.name == "no-replicas-where-something-scales")
    assert isinstance(found, StackRule)
    return found


def test_replicas_that_the_autoscaler_set_are_not_the_program_s(rule: StackRule) -> None:
    asked = replace(LIVE, inputs={"metadata": {"name": "web"}, "spec": {}})
    assert not list(rule.findings(Stack([asked, SCALER]), ENVIRONMENT))


def test_replicas_that_the_program_asks_for_are_found(rule: StackRule) -> None:
    asked = replace(LIVE, inputs=LIVE.props)
    assert [finding.resource.name for finding in rule.findings(Stack([asked, SCALER]), ENVIRONMENT)] == ["web"]
