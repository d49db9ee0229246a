"""What a run did, step by step, and what that means."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["passed", "failed", "something may be left"]


@dataclass(frozen=True)
class StepResult:
    """`reasons`: why it failed; none: it passed."""

    name: str
    seconds: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """`left`: what the last destruction left, or why nobody knows."""

    steps: tuple[StepResult, ...]
    left: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        if self.left:
            return "something may be left"
        return "failed" if any(step.reasons for step in self.steps) else "passed"

    @property
    def status(self) -> int:
        """2 is for what was refused before anything was made."""
        return {"passed": 0, "failed": 1, "something may be left": 3}[self.verdict]
