"""Turns the payload into another one."""

from patchbay_runtime.steps.config import StepConfig
from patchbay_runtime.steps.expression import LONGEST_EVALUATION_SECONDS, Expression
from patchbay_runtime.steps.json_text import JsonText
from patchbay_runtime.steps.outcome import Context, Output, onward
from patchbay_runtime.steps.shape import Shape

SHAPE = Shape(
    name="map",
    description="Replaces the payload by the value of a JSONata expression.",
    max_pods=8,
    longest_step_seconds=LONGEST_EVALUATION_SECONDS,
)
LONG = True


class Config(StepConfig):
    """`expression`: the new payload."""

    expression: Expression


async def execute(payload: JsonText, config: Config, context: Context) -> Output:
    """Evaluate the expression."""
    (value,) = await context.evaluate({"expression": config.expression}, payload)
    return onward(value, context)
