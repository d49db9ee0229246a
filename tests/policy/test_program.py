"""The program of each stack against every rule, and the rules against the providers' own types."""

import importlib
import importlib.util
import inspect
import re
from pathlib import Path

import pytest
from patchbay_policies import taggable, tokens
from patchbay_policies.exceptions import EXCEPTIONS, excepted
from patchbay_policies.model import Level
from patchbay_policies.rules import ALL

from tests.policy.crafted.row import stack_environment
from tests.policy.recorded import recorded
from tests.policy.test_rules import findings

STACKS = ("local", "dev", "staging", "production")


@pytest.mark.parametrize("stack", STACKS)
def test_the_program_keeps_to_every_mandatory_rule(stack: str) -> None:
    config, resources = recorded(stack)
    environment = stack_environment(stack, **config["patchbay:infra"])
    assert environment.production == (stack == "production")
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
    file = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    folder = module.partition("/")[0]
    return (Path(spec.origin).parent / ("lambda_" if folder == "lambda" else folder) / f"{file}.py").read_text()


AWS_TYPES = sorted(
    {type_ for rule in ALL for type_ in rule.types if type_.startswith("aws:")}
    | {value for name, value in vars(tokens).items() if name.isupper()}
)


@pytest.mark.parametrize("token", AWS_TYPES)
def test_a_rule_looks_at_a_type_that_the_provider_has(token: str) -> None:
    assert f"'{token}'" in aws_source(token)


def test_the_list_of_what_can_be_tagged_is_that_of_the_sdk() -> None:
    assert sorted(taggable.types()) == taggable.of_sdk(), (
        "the SDK is another one: .venv/bin/python -m patchbay_policies.taggable"
    )


@pytest.mark.parametrize(
    ("module", "name", "file"),
    [("ec2", "Vpc", "vpc"), ("rds", "Instance", "instance"), ("iam", "RolePolicy", "role_policy")],
)
def test_the_list_says_what_the_constructor_takes(module: str, name: str, file: str) -> None:
    arguments = getattr(importlib.import_module(f"pulumi_aws.{module}.{file}"), f"{name}Args")
    token = f"aws:{module}/{name[0].lower()}{name[1:]}:{name}"
    assert (token in taggable.types()) == ("tags" in inspect.signature(arguments).parameters)
