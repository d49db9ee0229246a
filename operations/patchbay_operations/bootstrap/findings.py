"""What a step found, made or misses, and what the steps share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from patchbay_operations.access import Access
from patchbay_operations.bootstrap.stack_file import Stack

# `look`: a person has to do or decide something; `unknown`: it could not be read.
State = Literal["found", "made", "would make", "look", "unknown"]
DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"})


class RefusedError(Exception):
    """Why the preparation stops: what is wrong, and the remedy."""


@dataclass(frozen=True)
class Finding:
    """One line of what is told."""

    step: str
    state: State
    text: str


@dataclass
class Work:
    """`tell` is called with every finding as it comes, so that what was made is known also if a later step fails.

    `lines`: what belongs into the stack file below `patchbay:infra`, by section and key.
    """

    stack: Stack
    access: Access
    dry_run: bool
    tell: Callable[[Finding], None]
    lines: dict[str, dict[str, str]] = field(default_factory=dict)

    def found(self, step: str, text: str) -> None:
        self.tell(Finding(step, "found", text))

    def look(self, step: str, text: str) -> None:
        self.tell(Finding(step, "look", text))

    def unknown(self, step: str, text: str) -> None:
        self.tell(Finding(step, "unknown", text))

    def make(self, step: str, text: str, call: Callable[[], Any]) -> Any:
        """The call's answer; None where nothing may be made."""
        if self.dry_run:
            self.tell(Finding(step, "would make", text))
            return None
        answer = call()
        self.tell(Finding(step, "made", text))
        return answer

    def line(self, section: str, key: str, value: str) -> None:
        self.lines.setdefault(section, {})[key] = value


def tag_list(tags: dict[str, str], *, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """Tags as most services take them; KMS spells the keys otherwise."""
    return [{key: name, value: text} for name, text in tags.items()]
