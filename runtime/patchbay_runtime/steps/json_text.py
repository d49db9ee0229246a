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
