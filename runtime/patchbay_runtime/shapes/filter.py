"""Lets a payload pass or ends its path."""

from patchbay_runtime.steps.config import StepConfig
from patchbay_runtime.steps.expression import LONGEST_EVALUATION_SECONDS, Expression, as_condition
from patchbay_runtime.steps.json_text import NULL, JsonText
from patchbay_runtime.steps.outcome import Context, Output, onward
from patchbay_runtime.steps.shape import Shape

SHAPE = Shape(
    name="filter",
    description="Lets the payload pass where a JSONata condition is true; ends the path where it is not.",
    max_pods=8,
    longest_step_seconds=LONGEST_EVALUATION_SECONDS,
)
LONG = True


class Config(StepConfig):
    """`when`: the condition."""

    when: Expression


async def execute(payload: JsonText, config: Config, context: Context) -> Output:
    """Pass the payload on or drop it."""
    (value,) = await context.evaluate({"when": config.when}, payload)
    if as_condition(value):
        return onward(payload, context)
    return Output(NULL, dropped=True)
