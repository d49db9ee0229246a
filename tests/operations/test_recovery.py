"""A killed update's checkpoint is settled: what exists is taken in, what does not is forgotten."""

import json
from pathlib import Path
from typing import Any

import pytest
from patchbay_operations.recovery import checkpoint
from patchbay_operations.recovery.finders import FINDERS, REPEATABLE
from patchbay_operations.recovery.recover import recover
from patchbay_standins.pulumi_plugins.aws_provider.rows import TABLE

VPC = "urn:pulumi:test::patchbay::aws:ec2/vpc:Vpc::vpc"
ROLE = "urn:pulumi:test::patchbay::aws:iam/role:Role::role"


def resource(urn: str, **more: Any) -> dict[str, Any]:
    return {"urn": urn, "type": urn.split("::")[2], "custom": True, "inputs": {}, **more}


def state(*resources: dict[str, Any], pending: list[tuple[str, dict[str, Any]]]) -> checkpoint.State:
    operations = [{"type": kind, "resource": entry} for kind, entry in pending]
    return {"version": 3, "deployment": {"resources": list(resources), "pending_operations": operations}}


def test_what_was_found_is_a_resource_of_the_stack() -> None:
    settled = checkpoint.settled(state(pending=[("creating", resource(VPC))]), {VPC: "vpc-1"})
    assert settled["deployment"]["resources"] == [resource(VPC, id="vpc-1", outputs={})]
    assert settled["deployment"]["pending_operations"] == []


def test_what_was_not_found_is_forgotten() -> None:
    settled = checkpoint.settled(state(resource(ROLE, id="role"), pending=[("creating", resource(VPC))]), {})
    assert settled["deployment"]["resources"] == [resource(ROLE, id="role")]
    assert settled["deployment"]["pending_operations"] == []


def test_the_one_that_was_being_replaced_is_left_to_be_deleted() -> None:
    old = resource(VPC, id="vpc-0")
    settled = checkpoint.settled(state(old, pending=[("creating", resource(VPC))]), {VPC: "vpc-1"})
    assert [(entry["id"], entry.get("delete", False)) for entry in settled["deployment"]["resources"]] == [
        ("vpc-0", True),
        ("vpc-1", False),
    ]


def test_one_that_was_deleted_before_its_replacement_is_gone() -> None:
    """Its id may be the new one's, as a name is: deleting it would delete the new one."""
    old = resource(ROLE, id="role", pendingReplacement=True)
    before = state(old, pending=[("creating", resource(ROLE))])
    assert checkpoint.known_ids(before, "aws:iam/role:Role") == set()
    settled = checkpoint.settled(before, {ROLE: "role"})
    assert settled["deployment"]["resources"] == [resource(ROLE, id="role", outputs={})]


def test_one_whose_replacement_never_came_to_be_is_still_to_be_replaced() -> None:
    old = resource(ROLE, id="role", pendingReplacement=True)
    assert checkpoint.settled(state(old, pending=[("creating", resource(ROLE))]), {})["deployment"] == {
        "resources": [old],
        "pending_operations": [],
    }


@pytest.mark.parametrize("kind", ["updating", "deleting", "reading"])
def test_what_was_being_changed_stays_until_it_is_read_again(kind: str) -> None:
    existing = resource(VPC, id="vpc-1")
    settled = checkpoint.settled(state(existing, pending=[(kind, existing)]), {})
    assert settled["deployment"]["resources"] == [existing]


def test_the_state_that_is_settled_is_not_changed_in_place() -> None:
    before = state(pending=[("creating", resource(VPC))])
    checkpoint.settled(before, {VPC: "vpc-1"})
    assert checkpoint.pending(before)


class Engine:
    """Writes down the commands; its stack has the state."""

    def __init__(self, content: checkpoint.State) -> None:
        self.commands: list[str] = []
        self._content = content

    def __call__(self, *words: str) -> None:
        self.commands.append(" ".join(words[: 2 if words[0] == "stack" else 1]))
        if words[:2] == ("stack", "export"):
            Path(words[3]).write_text(json.dumps(self._content))


def test_a_stack_without_pending_operations_is_only_read_again() -> None:
    engine = Engine(state(pending=[]))
    assert recover(engine, {}).summary == "0 adopted, 0 to be done again"
    assert engine.commands == ["cancel", "stack export", "refresh"]


def test_every_type_of_the_program_is_either_found_or_repeatable() -> None:
    """The stand-in's table has all of them: what it lacks cannot be deployed on an emulated account."""
    assert sorted([*FINDERS, *REPEATABLE]) == sorted(TABLE)


def test_a_pending_type_that_nobody_can_find_is_told() -> None:
    engine = Engine(state(pending=[("creating", resource("urn:pulumi:test::patchbay::aws:x/y:Z::z"))]))
    with pytest.raises(RuntimeError, match="add the type to FINDERS or REPEATABLE"):
        recover(engine, {})
    assert engine.commands == ["cancel", "stack export"]
