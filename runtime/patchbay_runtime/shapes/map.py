"""Turns the payload into another one."""

from typing import Any

from patchbay_runtime.catalog.shape import Shape
from patchbay_runtime.steps.config import StepConfig
from patchbay_runtime.steps.expression import Expression
from patchbay_runtime.steps.outcome import Context, Output, onward

SHAPE = Shape(name="map", description="Replaces the payload by the value of a JSONata expression.", max_pods=8)
LONG = True


class Config(StepConfig):
    """`expression`: the new payload."""

    expression: Expression


async def execute(payload: Any, config: Config, context: Context) -> Output:
    """Evaluate the expression."""
    (value,) = await context.evaluate({"expression": config.expression}, payload)
    return onward(value, context)
