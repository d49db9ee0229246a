"""The program of each stack against every rule, and the rules against the providers' own types."""

import importlib.util
import re
from pathlib import Path

import pytest
from patchbay_policies import tokens
from patchbay_policies.exceptions import EXCEPTIONS, excepted
from patchbay_policies.model import Environment, Level
from patchbay_policies.rules import ALL
from patchbay_policies.rules.tags import UNTAGGABLE

from tests.policy.recorded import record, stack_config
from tests.policy.test_rules import findings

STACKS = ("local", "dev", "staging", "production")


@pytest.mark.parametrize("stack", STACKS)
def test_the_program_keeps_to_every_mandatory_rule(stack: str, tmp_path: Path) -> None:
    config = stack_config(stack, tmp_path)
    said = config["patchbay:infra"]["environment"]
    environment = Environment(stack, said["name"], production=said["production"])
    resources = record(config)
    assert len(resources) > 200
    broken = [
        (rule, finding)
        for rule in ALL
        if rule.level is Level.MANDATORY
        for finding in findings(rule, resources, environment)
    ]
    told = [rule.message(finding) for rule, finding in broken if not excepted(rule, finding.resource)]
    assert not told, "\n".join(told)
    if "patchbay:platform" in config:
        unneeded = [
            exception
            for exception in EXCEPTIONS
            if not any(exception.covers(rule, finding.resource) for rule, finding in broken)
        ]
        assert not unneeded, f"nothing breaks the rule any more, remove the exception: {unneeded}"


def aws_source(token: str) -> str:
    """The SDK's source of a type; importing all of them takes minutes."""
    _, module, name = token.split(":")
    spec = importlib.util.find_spec("pulumi_aws")
    assert spec is not None
    assert spec.origin is not None
    file = re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
    folder = module.partition("/")[0]
    return (Path(spec.origin).parent / ("lambda_" if folder == "lambda" else folder) / f"{file}.py").read_text()


AWS_TYPES = sorted(
    {type_ for rule in ALL for type_ in rule.types if type_.startswith("aws:")}
    | {value for name, value in vars(tokens).items() if name.isupper()}
)


@pytest.mark.parametrize("token", AWS_TYPES)
def test_a_rule_looks_at_a_type_that_the_provider_has(token: str) -> None:
    assert f"'{token}'" in aws_source(token)


@pytest.mark.parametrize("token", sorted(UNTAGGABLE))
def test_what_needs_no_tags_cannot_have_any(token: str) -> None:
    assert "def tags(self" not in aws_source(token)
