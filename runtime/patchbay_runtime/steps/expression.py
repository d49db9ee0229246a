"""JSONata expressions: checked when a flow is registered, evaluated by `patchbay_runtime.evaluation`."""

from collections.abc import Callable, Mapping
from typing import Annotated, Protocol

from pydantic import AfterValidator, StringConstraints, ValidationInfo
from pydantic_core import PydanticCustomError

from patchbay_runtime.steps.fault import StepFault
from patchbay_runtime.steps.json_text import JsonText

LONGEST_EXPRESSION = 10_000
LONGEST_EVALUATION_SECONDS = 60
"""From the wait for its turn to its values, on a machine that has little time for it (`evaluation.limits`)."""

Check = Callable[[str], str | None]
"""The validation context of a step's settings: what is wrong with an expression, or None."""


def registered(_: str) -> None:
    """The check of a document that was checked before: its expressions are not read again."""


class Evaluation(Protocol):
    """Evaluates expressions of one step, within limits for all of them: call it once."""

    async def __call__(
        self, expressions: Mapping[str, str], payload: JsonText, *, until_true: bool = False
    ) -> list[JsonText]:
        """The values of the expressions, which are given by the fields that hold them. Null where nothing matches.

        With `until_true` only up to the first that is not false or null. Raises StepFault.
        """


def _check(expression: str, info: ValidationInfo) -> str:
    check: Check = info.context or _read_here
    if (fault := check(expression)) is not None:
        raise PydanticCustomError("jsonata", "not a valid JSONata expression: {fault}", {"fault": fault})
    return expression


def _read_here(expression: str) -> str | None:
    from patchbay_runtime.steps.syntax import syntax_fault  # noqa: PLC0415 - heavy, and the catalogue must not import it

    return syntax_fault(expression)


Expression = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_EXPRESSION), AfterValidator(_check)]
"""A JSONata expression; text that does not parse is refused with the position of the error."""


def as_condition(value: JsonText) -> bool:
    """Whether a condition's value is true; anything but true or false (or nothing) is a fault."""
    if value.text not in {"true", "false", "null"}:
        kind = {'"': "text", "[": "a list", "{": "an object"}.get(value.text[:1], "a number")
        raise StepFault("not_a_condition", f"the condition gives {kind}, not true or false")
    return value.text == "true"
