"""Recorded calls held to a role's rights: which of them it could not make, and which of its rights nobody used."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from patchbay_operations.permissions.evaluation import (
    Call,
    Document,
    Rights,
    Verdict,
    concerns,
    decide,
    names_action,
    statements,
    texts,
)
from patchbay_operations.permissions.recorded import Recorded
from patchbay_operations.permissions.roles import Role


@dataclass(frozen=True)
class Denied:
    """What a role may not, and `operation` needs. `nearest`: the statement that comes closest, and what it lacks."""

    role: str
    operation: str
    call: Call
    nearest: str

    def __str__(self) -> str:
        return f"{self.role} may not {self.call}, which {self.operation} needs; {self.nearest}"


@dataclass(frozen=True)
class Given:
    """An action, or a pattern of actions, that a role is given. `used`: whether a call needed it."""

    role: str
    action: str
    resources: tuple[str, ...]
    used: bool

    def __str__(self) -> str:
        return f"{self.role}: {self.action} on {', '.join(self.resources)}"


def denied(role: Role, calls: Iterable[Recorded]) -> Iterator[Denied]:
    """Each question once, however often it was asked."""
    asked = {_key(question): (recorded.operation, question) for recorded in calls for question in recorded.asked}
    for operation, question in asked.values():
        if not decide(role.rights, question).allowed:
            yield Denied(role.name, operation, question, nearest(role.rights, question))


def given(role: Role, calls: Iterable[Recorded]) -> list[Given]:
    """By action and resources, as the policies have them; statements that differ in conditions alone count as one."""
    questions = list({_key(question): question for recorded in calls for question in recorded.asked}.values())
    found: dict[tuple[str, tuple[str, ...]], bool] = {}
    for statement in allowing(role.rights.policies):
        made = [question for question in questions if concerns(statement, question)]
        for action in texts(statement.get("Action")):
            key = (action, tuple(texts(statement.get("Resource"))))
            found[key] = found.get(key, False) or any(names_action(action, question) for question in made)
    return [Given(role.name, action, resources, used) for (action, resources), used in found.items()]


def nearest(rights: Rights, call: Call) -> str:
    """Why the call is refused: by what, or what is missing from the statement that comes closest to allowing it."""
    decision = decide(rights, call)
    if decision.verdict is Verdict.DENIED:
        return f"this denies it: {_text(decision.statement or {})}"
    own, boundary = list(allowing(rights.policies)), rights.boundary
    if boundary is not None and any(concerns(statement, call) for statement in own):
        return "its boundary does not allow it"
    named = [one for one in own if any(names_action(action, call) for action in texts(one.get("Action")))]
    without_condition = [{key: value for key, value in one.items() if key != "Condition"} for one in named]
    for statement, rest in zip(named, without_condition, strict=True):
        if concerns(rest, call):
            return f"a condition does not hold: {_text(statement)}"
    if named:
        return f"on other resources only: {_text(named[0])}"
    return "no statement names the action"


def allowing(documents: Iterable[Document]) -> Iterator[Document]:
    """The statements that allow something."""
    return (one for document in documents for one in statements(document) if one["Effect"] == "Allow")


def _key(call: Call) -> str:
    return json.dumps([call.action, call.resource, dict(call.context)], sort_keys=True)


def _text(statement: Document, limit: int = 300) -> str:
    text = json.dumps(statement)
    return text if len(text) <= limit else f"{text[:limit]}..."
