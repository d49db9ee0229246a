"""cfn-lint's word on the program's inputs."""

import functools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from cfnlint.config import ConfigMixIn, ManualArgs
from cfnlint.core import get_rules
from cfnlint.decode.decode import decode_str
from cfnlint.rules import RulesCollection
from cfnlint.runner import run_template_by_data
from patchbay_policies.model import Resource

from tests.schemas.cloudformation import REGION
from tests.schemas.placement import Part
from tests.schemas.translation import Translation


@dataclass(frozen=True, slots=True)
class Finding:
    """What cfn-lint says of a resource: `pointer` leads to the property, without the indices of lists."""

    resource: str
    type: str
    kind: str
    pointer: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.type} {self.resource}: {self.kind}/{self.pointer}: {self.rule} {self.message}"


# The same primary identifier twice: parts of one resource have the same.
_TWICE: Final = "E3019"

_Held = tuple[Resource, Part, dict[str, Any]]


def judge(translated: Iterable[tuple[Resource, Translation]]) -> list[Finding]:
    """What is wrong with the resources of a stack, all rules of cfn-lint taken together.

    Whole resources stand in one template, so that what must be unique in a stack is held to it. Parts of other
    resources stand in another one, as they repeat those' names.
    """
    held = [(resource, *part) for resource, translation in translated for part in translation.resources]
    whole = _lint([item for item in held if item[1].whole])
    parts = _lint([item for item in held if not item[1].whole])
    return [*whole, *(finding for finding in parts if finding.rule != _TWICE)]


def _lint(held: list[_Held]) -> Iterator[Finding]:
    if not held:
        return
    named = {f"R{index}": item for index, item in enumerate(held)}
    text = json.dumps(
        {"Resources": {name: {"Type": part.kind, "Properties": inputs} for name, (_, part, inputs) in named.items()}}
    )
    template, errors = decode_str(text)
    assert template is not None, errors
    config = ConfigMixIn([], **ManualArgs(regions=[REGION]))
    for match in run_template_by_data(template, config, _rules()):
        path: list[Any] = list(getattr(match, "path", None) or ())
        if len(path) < 2:
            # Of the template (how many resources it may have), not of a resource.
            continue
        resource, part, _ = named[path[1]]
        pointer = "/".join(step for step in path[3:] if isinstance(step, str))
        yield Finding(resource.name, resource.type, part.kind, pointer, match.rule.id, match.message)


@functools.cache
def _rules() -> RulesCollection:
    """All rules, read once in a process."""
    return get_rules([], [], ["W", "E"])
