"""Whether a text is a JSONata expression."""

import re
from typing import Final

from patchbay_runtime.steps.regex import linear_regex

# Text, names and comments, which may hold any digits.
_QUOTED: Final = re.compile(r"""/\*.*?\*/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`""", re.DOTALL)
_LONG_INTEGER: Final = re.compile(r"(?<![\w.$])[0-9]{16,}(?![\w.])")
_MOST_DIGITS: Final = 309
"""Of a double's integer part."""


def syntax_fault(expression: str) -> str | None:
    """What is wrong with the expression and where; None where it can be evaluated."""
    from jsonata.jexception import JException  # type: ignore[import-untyped]  # noqa: PLC0415 - heavy, and the catalogue must not import it
    from jsonata.jsonata import Jsonata  # type: ignore[import-untyped]  # noqa: PLC0415 - as above

    try:
        Jsonata(expression, linear_regex)
    except JException as error:
        return f"{error} (position {error.location})"
    except RecursionError:
        return "it is nested too deeply"
    except MemoryError:
        raise
    except Exception as error:  # the parser leaks IndexError and the like on some broken input
        return type(error).__name__
    for literal in _LONG_INTEGER.finditer(_QUOTED.sub("", expression)):
        if len(literal[0]) > _MOST_DIGITS or not is_double(int(literal[0])):
            return f"the number {literal[0]} has more digits than JSONata keeps (53 bits); write it as text, in quotes"
    return None


def is_double(number: int) -> bool:
    """Whether a double holds all digits of the number."""
    try:
        return int(float(number)) == number
    except OverflowError:
        return False
