"""Whether a call is allowed, by AWS' rules for one account.

An explicit deny wins; otherwise the identity's policies must allow the call, and so must its boundary, if it has one.
Source: IAM User Guide, "Policy evaluation logic". Resource policies and those of an organisation are not looked at.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from patchbay_operations.permissions.conditions import Context, filled, hold, like

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """`action` such as `s3:GetObject` on `resource`, an ARN; `context`: the condition keys of the request."""

    action: str
    resource: str = "*"
    context: Context = field(default_factory=dict)

    def __str__(self) -> str:
        with_context = f" with {dict(self.context)}" if self.context else ""
        return f"{self.action} on {self.resource}{with_context}"


@dataclass(frozen=True)
class Rights:
    """What decides over an identity's calls."""

    policies: tuple[Document, ...]
    boundary: Document | None = None


class Verdict(Enum):
    """UNTOLD: no statement allows the call, and none denies it."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNTOLD = "untold"


@dataclass(frozen=True)
class Decision:
    """`statement`: the one that allows or denies it."""

    verdict: Verdict
    statement: Mapping[str, Any] | None = None

    @property
    def allowed(self) -> bool:
        return self.verdict is Verdict.ALLOWED


def allowed(rights: Rights, call: Call) -> bool:
    """Whether the identity may make the call."""
    return decide(rights, call).allowed


def decide(rights: Rights, call: Call) -> Decision:
    """Whether the identity may make the call, and by which statement."""
    bounds = [rights.boundary] if rights.boundary is not None else []
    if denying := _first((*rights.policies, *bounds), "Deny", call):
        return Decision(Verdict.DENIED, denying)
    allowing = _first(rights.policies, "Allow", call)
    if allowing is None or (bounds and _first(bounds, "Allow", call) is None):
        return Decision(Verdict.UNTOLD)
    return Decision(Verdict.ALLOWED, allowing)


def statements(document: Document) -> list[Mapping[str, Any]]:
    """The statements of a policy; a single one may stand without a list."""
    found = document.get("Statement", [])
    return [found] if isinstance(found, Mapping) else list(found)


def texts(value: Any) -> Sequence[str]:
    """A member that may be one text or a list of them."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def concerns(statement: Mapping[str, Any], call: Call) -> bool:
    """Whether a statement is about the call, whatever its effect."""
    return (
        _matches(statement, "Action", call.action.lower(), lower=True)
        and _matches(statement, "Resource", call.resource, context=call.context)
        and hold(statement.get("Condition") or {}, call.context)
    )


def names_action(pattern: str, call: Call) -> bool:
    """Whether a policy's action, such as `ec2:Describe*`, has the call's among those that it stands for."""
    return like(pattern.lower(), call.action.lower())


def _first(documents: Iterable[Document], effect: str, call: Call) -> Mapping[str, Any] | None:
    return next(
        (
            statement
            for document in documents
            for statement in statements(document)
            if statement["Effect"] == effect and concerns(statement, call)
        ),
        None,
    )


def _matches(
    statement: Mapping[str, Any], member: str, value: str, *, lower: bool = False, context: Context | None = None
) -> bool:
    negated = f"Not{member}" in statement
    patterns = texts(statement.get(f"Not{member}" if negated else member))
    if lower:
        patterns = [pattern.lower() for pattern in patterns]
    return any(like(filled(pattern, context or {}), value) for pattern in patterns) != negated
