"""The program's inputs and the provider stand-in before a judge of another hand: CloudFormation's schemas."""

import functools
from collections.abc import Iterator

import pytest
from patchbay_policies.model import Resource

from tests.policy.recorded import recorded
from tests.schemas.exceptions import ACCEPTED, STYLE, UNHELD
from tests.schemas.judge import Finding, judge
from tests.schemas.placements import PLACEMENTS
from tests.schemas.replacement import PROVIDER, Answer, formation, standin
from tests.schemas.translation import Later, Translation, translate

STACKS = ("local", "dev", "staging", "production")

Translated = list[tuple[Resource, Translation]]


@functools.cache
def translated(stack: str) -> Translated:
    """A stack's AWS resources, each with what it is in CloudFormation; made once in a process."""
    resources = [one for one in recorded(stack)[1] if one.type.startswith("aws:")]
    later = Later(resources)
    return [(one, translate(one, PLACEMENTS.get(one.type, ()), later)) for one in resources]


@functools.cache
def findings(stack: str) -> list[Finding]:
    return judge(translated(stack))


@pytest.fixture(scope="module")
def everything() -> Translated:
    return [one for stack in STACKS for one in translated(stack)]


@pytest.mark.parametrize("stack", STACKS)
def test_every_input_is_one_that_cloudformation_would_take(stack: str) -> None:
    wrong = [
        str(finding)
        for finding in findings(stack)
        if finding.rule not in STYLE
        and not any(row.covers(finding.type, finding.pointer, finding.rule, finding.message) for row in ACCEPTED)
    ]
    assert not wrong, "\n".join(wrong)


def test_every_input_has_a_schema_that_holds_it_or_a_reason_why_none_does(everything: Translated) -> None:
    unheld = {
        f"{kind}: {path}: place it in placements/, or list it in exceptions.py with its source"
        for kind, path in unplaced(everything)
        if not any(row.covers(kind, path) for row in UNHELD)
    }
    assert not unheld, "\n".join(sorted(unheld))


def test_no_reason_is_kept_for_what_a_schema_holds(everything: Translated) -> None:
    said = [finding for stack in STACKS for finding in findings(stack)]
    told = [(finding.type, finding.pointer, finding.rule, finding.message) for finding in said]
    assert [row for row in UNHELD if not any(row.covers(*one) for one in unplaced(everything))] == []
    assert [row for row in ACCEPTED if not any(row.covers(*one) for one in told)] == []
    assert sorted(set(STYLE) - {finding.rule for finding in said}) == []
    assert sorted(set(PLACEMENTS) - {resource.type for resource, _ in everything}) == []


def test_a_changed_input_replaces_a_resource_exactly_where_the_provider_replaces_it(everything: Translated) -> None:
    wrong = []
    for kind, path, ours, theirs in answers(everything):
        row = next((row for row in PROVIDER if row.covers(kind, path)), None)
        wanted = row.answer if row else theirs
        if wanted is None:
            wrong.append(
                f"{kind}: {path}: CloudFormation leaves both open: add the provider's answer to replacement.py"
            )
        elif wanted is not ours:
            source = row.source if row else "CloudFormation; a row in replacement.py where the provider differs"
            wrong.append(f"{kind}: {path}: the stand-in {ours.value}, but the provider {wanted.value} ({source})")
    assert not wrong, "\n".join(wrong)


def test_no_answer_of_the_provider_is_listed_where_cloudformation_gives_the_same(everything: Translated) -> None:
    found = list(answers(everything))
    needless = [
        f"{row.type}: {row.property}"
        for row in PROVIDER
        if not any(row.covers(kind, path) and theirs is not row.answer for kind, path, _, theirs in found)
    ]
    assert not needless, "\n".join(needless)


def unplaced(everything: Translated) -> set[tuple[str, str]]:
    return {(resource.type, path) for resource, translation in everything for path in translation.unplaced}


def answers(everything: Translated) -> Iterator[tuple[str, str, Answer, Answer | None]]:
    """For each input in use that holds no others: type, path, and whether its change replaces."""
    seen = set()
    for resource, translation in everything:
        paths = set(translation.placed)
        for path, places in translation.placed.items():
            key = (resource.type, path)
            if key not in seen and not any(other.startswith(f"{path}.") for other in paths):
                seen.add(key)
                yield (*key, standin(resource.type, resource.props, path), formation(places))
