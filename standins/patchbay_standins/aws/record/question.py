"""What IAM is asked for a call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Question:
    """Whether an action on a resource is allowed. `context`: the condition keys that the request has for it."""

    action: str
    resource: str
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)

    def members(self) -> dict[str, Any]:
        """As they stand in a record."""
        return {"action": self.action, "resource": self.resource, "context": dict(self.context)}
