"""JSONata expressions: checked when a flow is registered, evaluated by `patchbay_runtime.evaluation`."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Protocol

from pydantic import AfterValidator, StringConstraints, ValidationInfo
from pydantic_core import PydanticCustomError

from patchbay_runtime.steps.fault import StepFault

LONGEST_EXPRESSION = 10_000
# Text, names and comments, which may hold any digits.
_QUOTED: Final = re.compile(r"""/\*.*?\*/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`""", re.DOTALL)
_LONG_INTEGER: Final = re.compile(r"(?<![\w.$])[0-9]{16,}(?![\w.])")

REGISTERED: Final = {"registered": True}
"""The validation context for a document that was checked before: its expressions are not parsed again."""


class Evaluation(Protocol):
    """Evaluates expressions of one step, within limits for all of them: call it once."""

    async def __call__(self, expressions: Mapping[str, str], payload: Any, *, until_true: bool = False) -> list[Any]:
        """The values of the expressions, which are given by the fields that hold them. Null where nothing matches.

        With `until_true` only up to the first that is not false or null. Raises StepFault.
        """


def _check(expression: str, info: ValidationInfo) -> str:
    if info.context is REGISTERED:
        return expression
    from jsonata.jexception import JException  # type: ignore[import-untyped]  # noqa: PLC0415 - heavy, and the catalogue must not import it
    from jsonata.jsonata import Jsonata  # type: ignore[import-untyped]  # noqa: PLC0415 - as above

    from patchbay_runtime.steps.regex import linear_regex  # noqa: PLC0415

    try:
        Jsonata(expression, linear_regex)
    except JException as error:
        raise PydanticCustomError(
            "jsonata",
            "not a valid JSONata expression: {reason} (position {position})",
            {"reason": str(error), "position": error.location},
        ) from None
    except RecursionError:
        raise PydanticCustomError("jsonata", "the JSONata expression is nested too deeply") from None
    except Exception as error:  # the parser leaks IndexError and the like on some broken input
        raise PydanticCustomError(
            "jsonata", "not a valid JSONata expression ({reason})", {"reason": type(error).__name__}
        ) from None
    for literal in _LONG_INTEGER.finditer(_QUOTED.sub("", expression)):
        if not _is_double(int(literal[0])):
            raise PydanticCustomError(
                "jsonata",
                "the number {number} has more digits than JSONata keeps (53 bits); write it as text, in quotes",
                {"number": literal[0]},
            )
    return expression


def _is_double(number: int) -> bool:
    return number.bit_length() < 1024 and int(float(number)) == number


Expression = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_EXPRESSION), AfterValidator(_check)]
"""A JSONata expression; text that does not parse is refused with the position of the error."""


def as_condition(value: Any) -> bool:
    """Whether a condition's value is true; anything but true or false (or nothing) is a fault."""
    if value is None:
        return False
    if not isinstance(value, bool):
        raise StepFault("not_a_condition", f"the condition gives a {type(value).__name__}, not true or false")
    return value
