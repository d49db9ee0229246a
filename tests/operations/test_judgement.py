"""A recorded call that its role may not make is told with the statement that comes closest, and unused rights are."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
from patchbay_operations.permissions.evaluation import Document, Rights
from patchbay_operations.permissions.judgement import denied, given
from patchbay_operations.permissions.recorded import Recorded, read
from patchbay_operations.permissions.roles import Role

TOPIC: Final = "arn:aws:sns:eu-central-1:111122223333:patchbay-dev-alarms"


def record(tmp_path: Path, *questions: dict[str, Any], **more: Any) -> list[Recorded]:
    file = tmp_path / "calls.jsonl"
    line = {"service": "sns", "operation": "CreateTopic", "environment": "pulumi-up", "key": "emulated", **more}
    file.write_text(json.dumps({**line, "asked": questions}) + "\n")
    return list(read(file))


def asked(action: str, resource: str = TOPIC, **context: Any) -> dict[str, Any]:
    return {"action": action, "resource": resource, "context": context}


def role(*statements: dict[str, Any], boundary: Document | None = None) -> Role:
    return Role("example", "", {}, Rights(({"Statement": list(statements)},), boundary), ())


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def test_what_is_allowed_is_no_fault(tmp_path: Path) -> None:
    assert not list(denied(role(allow("sns:*")), record(tmp_path, asked("sns:CreateTopic"), asked("sns:TagResource"))))


@pytest.mark.parametrize(
    ("holder", "said"),
    [
        (role(allow("sqs:*")), "no statement names the action"),
        (role(allow("sns:*", "arn:aws:sns:*:*:another*")), "on other resources only: "),
        (
            role(allow("sns:*", Condition={"StringEquals": {"aws:RequestTag/a": "b"}})),
            "a condition does not hold: ",
        ),
        (role(allow("*"), {**allow("sns:*"), "Effect": "Deny"}), "this denies it: "),
        (role(allow("*"), boundary={"Statement": allow("sqs:*")}), "its boundary does not allow it"),
    ],
)
def test_what_is_refused_is_told_with_what_is_missing(holder: Role, said: str, tmp_path: Path) -> None:
    (fault,) = denied(holder, record(tmp_path, asked("sns:CreateTopic")))
    text = str(fault)
    assert text.startswith(f"example may not sns:CreateTopic on {TOPIC}, which sns:CreateTopic needs; {said}")


def test_a_right_that_no_call_needed_is_listed_with_its_resources(tmp_path: Path) -> None:
    holder = role(allow(["sns:Create*", "sns:Delete*"]), allow("sqs:*", "arn:aws:sqs:*:*:one"))
    found = [str(one) for one in given(holder, record(tmp_path, asked("sns:CreateTopic"))) if not one.used]
    assert found == ["example: sns:Delete* on *", "example: sqs:* on arn:aws:sqs:*:*:one"]


def test_statements_that_differ_in_their_conditions_alone_give_one_right(tmp_path: Path) -> None:
    tagged = [allow("sns:*", Condition={"StringEquals": {"aws:RequestTag/a": value}}) for value in ("b", "c")]
    (right,) = given(role(*tagged), record(tmp_path, asked("sns:CreateTopic", **{"aws:RequestTag/a": "c"})))
    assert right.used


def test_a_call_that_could_not_be_read_keeps_its_reason(tmp_path: Path) -> None:
    (call,) = record(tmp_path, unread="LookupError")
    assert (call.operation, call.unread) == ("sns:CreateTopic", "LookupError")
