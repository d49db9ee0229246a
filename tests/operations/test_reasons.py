"""A right that no first deployment uses has a reason, and a reason ends with what it was for."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from patchbay_operations.permissions.judgement import Given
from patchbay_operations.permissions.reasons import Reason, load_reasons, misplaced, purpose, untold
from pydantic import ValidationError

CHANGING: Final = Path(__file__).parents[1] / "emulated"
EVERYTHING: Final = ("*",)


def right(action: str, *resources: str, used: bool = False) -> Given:
    return Given("example", action, resources or EVERYTHING, used)


def reason(*rights: str, **more: Any) -> Reason:
    return Reason.model_validate({"purpose": "removal", "why": "to remove", "rights": rights, "source": "a", **more})


@pytest.mark.parametrize(
    ("reasons", "given"),
    [
        ([], [right("sns:CreateTopic", used=True)]),
        ([reason("sns:DeleteTopic")], [right("sns:DeleteTopic")]),
        # One action on two kinds of resources is two rights.
        ([reason("kms:Sign on *:key/*")], [right("kms:Sign", "a:key/b"), right("kms:Sign", "a:alias/b", used=True)]),
        # Used when another stack is made, or given by another alone.
        ([reason("sns:DeleteTopic", stacks=["dev"])], [right("sns:DeleteTopic", used=True)]),
        ([reason("sns:DeleteTopic", only=["production"])], []),
    ],
)
def test_a_right_that_is_used_or_has_a_reason_is_no_fault(reasons: Sequence[Reason], given: Sequence[Given]) -> None:
    assert not untold(reasons, "dev", given)


@pytest.mark.parametrize(
    ("reasons", "given", "said"),
    [
        ([], [right("sns:DeleteTopic")], "example: sns:DeleteTopic on *: unused, without a reason"),
        ([reason("kms:Sign on *:key/*")], [right("kms:Sign", "a:key/b"), right("kms:Sign", "c")], "kms:Sign on c: un"),
        ([reason("sns:DeleteTopic", stacks=["dev"])], [right("sns:DeleteTopic")], "unused, without a reason"),
        ([reason("sns:DeleteTopic")], [right("sns:DeleteTopic", used=True)], "the first deployment of dev uses"),
        ([reason("sns:DeleteTopic")], [], "dev gives it to nobody; remove the reason"),
    ],
)
def test_a_right_without_a_reason_and_a_reason_without_its_right_are_told(
    reasons: Sequence[Reason], given: Sequence[Given], said: str
) -> None:
    (fault,) = untold(reasons, "dev", given)
    assert said in fault


@pytest.mark.parametrize(
    ("named", "used", "said"),
    [
        (["test_b[dev]"], False, "test_b[dev] does not use it"),
        ([], True, "test_b[dev] uses it; name the test"),
        (["test_a[dev]"], True, ""),
        (["test_b[dev]"], True, ""),
        ([], False, ""),
    ],
)
def test_a_reason_names_the_tests_that_use_its_rights(named: Sequence[str], used: bool, said: str) -> None:
    faults = misplaced([reason("sns:DeleteTopic", tests=named)], "test_b[dev]", [right("sns:DeleteTopic", used=used)])
    assert (said in faults[0]) if said else not faults


def test_a_right_that_has_a_reason_is_told_with_its_purpose() -> None:
    reasons = [reason("kms:Sign on *:key/*")]
    assert purpose(reasons, right("kms:Sign", "a:key/b")) == "removal"
    assert not purpose(reasons, right("kms:Sign", "a:alias/b"))


def test_a_reason_says_where_its_rights_are_used_or_who_asks_for_them() -> None:
    with pytest.raises(ValidationError, match="name the source"):
        reason("sns:DeleteTopic", source="")


def test_every_test_that_a_reason_names_changes_a_copy_of_a_stack() -> None:
    made = "\n".join(file.read_text() for file in sorted(CHANGING.glob("test_*.py")))
    changing = set(re.findall(r"^def (\w+)\(\s*scratch: ", made, re.MULTILINE))
    named = {test.partition("[")[0] for one in load_reasons("delivery-apply") for test in one.tests}
    assert named
    assert named <= changing


def test_no_right_has_two_reasons() -> None:
    named = [right for one in load_reasons("delivery-apply") for right in one.rights]
    assert len(named) == len(set(named))
