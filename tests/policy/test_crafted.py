"""Inputs written to get past a rule are caught by it; harmless ones that look like them pass."""

import dataclasses

import pytest
from patchbay_policies.model import Finding, StackRule
from patchbay_policies.rules import ALL

from tests.policy.crafted import BYPASSES, HARMLESS
from tests.policy.crafted.row import Row
from tests.policy.test_rules import findings

RULES = {rule.name: rule for rule in ALL}


def found(row: Row) -> list[Finding]:
    rule, crafted = RULES[row.policy], row.resource
    if row.settings:
        rule = dataclasses.replace(
            rule,
            settings={
                name: dataclasses.replace(setting, default=row.settings.get(name, setting.default))
                for name, setting in rule.settings.items()
            },
        )
    beside = row.beside if isinstance(rule, StackRule) else ()
    return findings(rule, [crafted, *beside], row.environment)


@pytest.mark.parametrize("row", BYPASSES, ids=lambda row: f"{row.policy}: {row.name}")
def test_what_is_written_to_get_past_a_rule_is_caught(row: Row) -> None:
    assert found(row)


@pytest.mark.parametrize("row", HARMLESS, ids=lambda row: f"{row.policy}: {row.name}")
def test_what_only_looks_harmful_passes(row: Row) -> None:
    told = [finding.problem for finding in found(row)]
    assert not told, f"a false alarm: {told}"


def test_the_table_is_large_enough_and_names_nothing_twice() -> None:
    for rows in (BYPASSES, HARMLESS):
        names = [(row.policy, row.name) for row in rows]
        assert len(names) == len(set(names)) >= 40
