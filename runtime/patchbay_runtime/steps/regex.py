"""Regular expressions in linear time: a backtracking engine could hang a worker for ever on a tenant's pattern."""

from typing import TYPE_CHECKING, Any

import re2  # type: ignore[import-untyped]  # the package has no type information

if TYPE_CHECKING:
    from jsonata.regex_engine import RegexFlags  # type: ignore[import-untyped]  # likewise

LONGEST_PROGRAM_BYTES = 2**20


def linear_regex(pattern: str, flags: "RegexFlags") -> Any:
    """The engine for JSONata's regex literals; look-around and back-references do not exist in it."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = LONGEST_PROGRAM_BYTES
    options.case_sensitive = not flags.case_insensitive
    # Multi-line anchors are a flag of the pattern, not an option of the engine.
    return re2.compile(f"(?m){pattern}" if flags.multiline else pattern, options)
