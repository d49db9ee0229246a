"""What is wrong with a flow document, and where."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

_PLAIN = re.compile(r"^[A-Za-z_][A-Za-z0-9_-]*$")

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` is a JSON path from the document's root `$`."""

    path: str
    message: str


class InvalidFlowError(Exception):
    """A flow document that is refused; holds every problem that was found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(f"{len(problems)} problem(s) in the flow document")
        self.problems = tuple(problems)


def json_path(place: Iterable[str | int]) -> str:
    """The JSON path of a place in the document, for example `$.steps.route.config.cases[0].when`."""
    path = "$"
    for part in place:
        if isinstance(part, int):
            path += f"[{part}]"
        elif _PLAIN.match(part):
            path += f".{part}"
        else:
            escaped = part.replace("\\", "\\\\").replace("'", "\\'")
            path += f"['{escaped}']"
    return path


def problems_of(error: ValidationError, prefix: Place = ()) -> list[Problem]:
    """A model's validation errors as problems at their places below `prefix`."""
    found = []
    for detail in error.errors(include_url=False, include_context=False, include_input=False):
        # pydantic marks an error in a key with a further part, which is no place in the document.
        place = tuple(part for part in detail["loc"] if part != "[key]")
        found.append(Problem(json_path((*prefix, *place)), detail["msg"]))
    return found
