"""Numbers that somebody writes in JSON: `true` is not 1, and `"1"` is not either."""

from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo

from patchbay_runtime.steps.expression import registered


def _not_read_as_one(value: Any, info: ValidationInfo) -> Any:
    # Flows that were registered when these were taken for numbers go on.
    if isinstance(value, bool | str) and info.context is not registered:
        raise ValueError("must be a number")
    return value


Whole = Annotated[int, BeforeValidator(_not_read_as_one)]
"""A whole number."""

Real = Annotated[float, BeforeValidator(_not_read_as_one)]
"""A number with or without a fraction."""
