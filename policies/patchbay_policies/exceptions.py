"""Where a rule does not hold, and why. Each entry is one resource; there is no other way past a rule in the program."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from patchbay_policies.model import Resource, Rule


@dataclass(frozen=True)
class Excepted:
    """`name`: the resource's name in the program; `*` stands for any text."""

    rule: str
    type: str
    name: str
    reason: str

    def covers(self, rule: Rule, resource: Resource) -> bool:
        return self.rule == rule.name and self.type == resource.type and fnmatchcase(resource.name, self.name)


EXCEPTIONS: Final = (
    Excepted(
        rule="pods-have-probes",
        type="kubernetes:apps/v1:Deployment",
        name="*-headroom",
        reason="Placeholders do nothing but take up room: there is nothing to be ready, and nothing to hang.",
    ),
    Excepted(
        rule="disruption-budgets",
        type="kubernetes:apps/v1:Deployment",
        name="*-headroom",
        reason="Placeholders are there to give way, all of them at once where a burst or a drained node needs it.",
    ),
)


def excepted(rule: Rule, resource: Resource) -> bool:
    return any(exception.covers(rule, resource) for exception in EXCEPTIONS)
