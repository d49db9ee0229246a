"""Keeps values for later steps."""

from typing import Annotated

from pydantic import Field, StringConstraints

from patchbay_runtime.steps.config import StepConfig
from patchbay_runtime.steps.expression import LONGEST_EVALUATION_SECONDS, Expression
from patchbay_runtime.steps.json_text import JsonText
from patchbay_runtime.steps.outcome import Context, Output, onward
from patchbay_runtime.steps.shape import Shape

SHAPE = Shape(
    name="set-variables",
    description="Sets variables, which every later step on the path can use as `$name` in its expressions.",
    longest_step_seconds=LONGEST_EVALUATION_SECONDS,
)
LONG = True

VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,39}$")]


class Config(StepConfig):
    """`variables`: an expression per name; all see the variables as they were before the step."""

    variables: dict[VariableName, Expression] = Field(min_length=1, max_length=50)


async def execute(payload: JsonText, config: Config, context: Context) -> Output:
    """Evaluate every expression and pass the payload on as it is."""
    expressions = {f"variables.{name}": text for name, text in config.variables.items()}
    values = await context.evaluate(expressions, payload)
    read = {name: value.read() for name, value in zip(config.variables, values, strict=True)}
    outcome = onward(payload, context)
    return Output(outcome.payload, outcome.children, JsonText.of({**context.variables.read(), **read}))
