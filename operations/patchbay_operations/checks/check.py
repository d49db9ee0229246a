"""A check and its result."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from patchbay_operations.checks.facts import Facts


@dataclass(frozen=True)
class Result:
    """`seen`: how many things were looked at; a check that saw none has failed. `faults`: what does not hold."""

    name: str
    question: str
    seen: int
    faults: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether all that was looked at is as it must be."""
        return self.seen > 0 and not self.faults


@dataclass(frozen=True)
class Check:
    """`look` yields, for each thing that it looks at, what is wrong with it, or None."""

    name: str
    question: str
    look: Callable[[Facts], Iterable[str | None]]

    def run(self, facts: Facts) -> Result:
        """The check's result."""
        verdicts = list(self.look(facts))
        return Result(self.name, self.question, len(verdicts), tuple(fault for fault in verdicts if fault is not None))
