"""The page that tells reviewers of every rule."""

from pathlib import Path

from patchbay_policies.exceptions import EXCEPTIONS
from patchbay_policies.rules import ALL
from patchbay_policies.table import page

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "policies.md"


def test_the_page_of_rules_is_current() -> None:
    assert DOCUMENT.read_text() == page(), (
        "docs/policies.md differs from the rules: .venv/bin/python -m patchbay_policies > docs/policies.md"
    )


def test_every_exception_names_a_rule_and_gives_a_reason() -> None:
    names = {rule.name for rule in ALL}
    for exception in EXCEPTIONS:
        assert exception.rule in names
        assert len(exception.reason.split()) >= 8
