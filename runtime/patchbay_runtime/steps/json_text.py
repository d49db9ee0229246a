"""Values as their JSON text.

A value takes up to thirty times the memory of its text, and the work to read and to write it. So a worker never reads
what passes through it, but for the list of a split and the variables that a step sets.
"""

import json
from dataclasses import dataclass
from typing import Any, Final, Self


@dataclass(frozen=True, slots=True)
class JsonText:
    """Text that is known to be JSON."""

    text: str

    @classmethod
    def of(cls, value: Any) -> Self:
        """The text of a value that JSON has a form for."""
        return cls(json.dumps(value, ensure_ascii=False, separators=(",", ":")))

    def read(self) -> Any:
        """The value."""
        return json.loads(self.text)


NULL: Final = JsonText("null")
NO_VARIABLES: Final = JsonText("{}")


def with_texts(value: Any) -> str:
    """JSON in which each `JsonText` stands as it is."""
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts)


def _write(value: Any, parts: list[str]) -> None:
    if isinstance(value, JsonText):
        parts.append(value.text)
    elif isinstance(value, dict):
        for index, (name, item) in enumerate(value.items()):
            parts.append(f"{',' if index else '{'}{json.dumps(name, ensure_ascii=False)}:")
            _write(item, parts)
        parts.append("}" if value else "{}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            parts.append("," if index else "[")
            _write(item, parts)
        parts.append("]" if value else "[]")
    else:
        parts.append(json.dumps(value, ensure_ascii=False, allow_nan=False))
