"""Makes one process per element of a list."""

from typing import Any

from pydantic import Field

from patchbay_runtime.catalog.shape import Shape
from patchbay_runtime.steps.config import StepConfig
from patchbay_runtime.steps.expression import Expression
from patchbay_runtime.steps.fault import StepFault
from patchbay_runtime.steps.outcome import Child, Context, Output

MOST_ELEMENTS = 1000

SHAPE = Shape(
    name="split",
    description="Runs the following steps once per element of a list, side by side.",
    max_pods=8,
)
LONG = True


class Config(StepConfig):
    """`expression`: the list; `limit`: the most elements it may have."""

    expression: Expression
    limit: int = Field(default=MOST_ELEMENTS, ge=1, le=MOST_ELEMENTS)


def most_children(config: Config) -> int:
    """The elements that the list may have."""
    return config.limit


async def execute(payload: Any, config: Config, context: Context) -> Output:
    """Give one child per element; a value that is no list counts as its only element, as everywhere in JSONata."""
    (value,) = await context.evaluate({"expression": config.expression}, payload)
    elements = value if isinstance(value, list) else [] if value is None else [value]
    if len(elements) > config.limit:
        raise StepFault("too_many_elements", f"the list has {len(elements)} elements; the limit is {config.limit}")
    if context.next is None:
        return Output(elements)
    if not elements:
        return Output(None, dropped=True)
    return Output(None, tuple(Child(context.next, element, index) for index, element in enumerate(elements)))
