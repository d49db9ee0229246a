"""Each rule by itself: what it lets through, what it finds, and what it makes of values that are not known yet."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from patchbay_policies.model import UNKNOWN, Environment, Finding, Resource, ResourceRule, Stack, StackRule
from patchbay_policies.rules import ALL

from tests.policy.case import PRODUCTION, Bad, Good, Subject
from tests.policy.cases import CASES

Rule = ResourceRule | StackRule

GOOD = [pytest.param(rule, case, id=f"{rule.name}-{n}") for rule in ALL for n, case in enumerate(CASES[rule.name].good)]
BAD = [pytest.param(rule, case, id=f"{rule.name}-{n}") for rule in ALL for n, case in enumerate(CASES[rule.name].bad)]


def findings(rule: Rule, resources: Subject, environment: Environment) -> list[Finding]:
    settings = {name: setting.default for name, setting in rule.settings.items()}
    there = dataclasses.replace(environment, settings=settings)
    seen = [resource for resource in resources if rule.applies(resource.type)]
    if isinstance(rule, StackRule):
        return list(rule.findings(Stack(seen), there))
    return [finding for resource in seen for finding in rule.findings(resource, there)]


def with_unknowns(value: Any) -> Iterator[Any]:
    """Every variant of a value in which one part of it is unknown."""
    yield UNKNOWN
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from ({**value, key: variant} for variant in with_unknowns(inner))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from ([*value[:index], variant, *value[index + 1 :]] for variant in with_unknowns(inner))


def partly_unknown(resources: Subject) -> Iterator[list[Resource]]:
    for index, resource in enumerate(resources):
        for key, value in resource.props.items():
            for variant in with_unknowns(value):
                changed = dataclasses.replace(resource, props={**resource.props, key: variant})
                yield [*resources[:index], changed, *resources[index + 1 :]]


def test_every_rule_has_a_case_that_passes_and_one_that_fails() -> None:
    names = [rule.name for rule in ALL]
    assert len(names) == len(set(names))
    assert set(CASES) == set(names)
    assert not [name for name, cases in CASES.items() if not (cases.good and cases.bad)]


@pytest.mark.parametrize(("rule", "case"), GOOD)
def test_what_keeps_to_a_rule_passes(rule: Rule, case: Good) -> None:
    assert any(rule.applies(resource.type) for resource in case.resources), "the rule does not look at this case"
    assert findings(rule, case.resources, case.environment) == []


@pytest.mark.parametrize(("rule", "case"), BAD)
def test_what_breaks_a_rule_is_told_with_resource_rule_and_remedy(rule: Rule, case: Bad) -> None:
    messages = [(rule.message(found), found) for found in findings(rule, case.resources, case.environment)]
    told = [(message, found) for message, found in messages if case.says in message]
    assert told, f"nothing says {case.says!r}: {[message for message, _ in messages]}"
    for message, found in told:
        assert found.resource in case.resources
        assert {found.resource.name, rule.name, rule.remedy} <= {
            part for part in (found.resource.name, rule.name, rule.remedy) if part in message
        }


@pytest.mark.parametrize(("rule", "case"), GOOD)
def test_a_value_that_a_preview_does_not_know_breaks_no_rule(rule: Rule, case: Good) -> None:
    for resources in partly_unknown(case.resources):
        assert findings(rule, resources, case.environment) == []


@pytest.mark.parametrize(("rule", "case"), BAD)
def test_no_rule_stumbles_over_what_is_unknown_or_absent(rule: Rule, case: Bad) -> None:
    for resources in partly_unknown(case.resources):
        findings(rule, resources, case.environment)
    findings(rule, [dataclasses.replace(resource, props={}) for resource in case.resources], case.environment)
    findings(rule, [dataclasses.replace(resource, references={}) for resource in case.resources], case.environment)


def test_at_least_the_agreed_number_of_rules_is_mandatory() -> None:
    assert len([rule for rule in ALL if rule.level.value == "mandatory"]) >= 30


def test_a_setting_of_the_pack_changes_what_a_rule_asks() -> None:
    rule = next(rule for rule in ALL if rule.name == "logs-expire")
    assert isinstance(rule, ResourceRule)
    group = Resource("aws:cloudwatch/logGroup:LogGroup", "logs", {"retentionInDays": 90.0})
    for most, expected in ((90, 0), (30, 1)):
        environment = dataclasses.replace(PRODUCTION, settings={"maxDays": most})
        assert len(list(rule.findings(group, environment))) == expected
