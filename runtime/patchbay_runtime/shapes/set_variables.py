"""Keeps values for later steps."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from patchbay_runtime.catalog.shape import Shape
from patchbay_runtime.steps.config import StepConfig
from patchbay_runtime.steps.expression import Expression
from patchbay_runtime.steps.outcome import Context, Output, onward

SHAPE = Shape(
    name="set-variables",
    description="Sets variables, which every later step on the path can use as `$name` in its expressions.",
)
LONG = True

VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,39}$")]


class Config(StepConfig):
    """`variables`: an expression per name; all see the variables as they were before the step."""

    variables: dict[VariableName, Expression] = Field(min_length=1, max_length=50)


async def execute(payload: Any, config: Config, context: Context) -> Output:
    """Evaluate every expression and pass the payload on as it is."""
    expressions = {f"variables.{name}": text for name, text in config.variables.items()}
    values = dict(zip(config.variables, await context.evaluate(expressions, payload), strict=True))
    outcome = onward(payload, context)
    return Output(outcome.payload, outcome.children, variables={**context.variables, **values})
