"""Makes one process per element of a list."""

from pydantic import Field

from patchbay_runtime.steps.config import StepConfig
from patchbay_runtime.steps.expression import LONGEST_EVALUATION_SECONDS, Expression
from patchbay_runtime.steps.fault import StepFault
from patchbay_runtime.steps.json_text import NULL, JsonText
from patchbay_runtime.steps.number import Whole
from patchbay_runtime.steps.outcome import Child, Context, Output
from patchbay_runtime.steps.shape import Shape

MOST_ELEMENTS = 1000

SHAPE = Shape(
    name="split",
    description="Runs the following steps once per element of a list, side by side.",
    max_pods=8,
    longest_step_seconds=LONGEST_EVALUATION_SECONDS,
)
LONG = True


class Config(StepConfig):
    """`expression`: the list; `limit`: the most elements it may have."""

    expression: Expression
    limit: Whole = Field(default=MOST_ELEMENTS, ge=1, le=MOST_ELEMENTS)


def most_children(config: Config) -> int:
    """The elements that the list may have."""
    return config.limit


async def execute(payload: JsonText, config: Config, context: Context) -> Output:
    """Give one child per element; a value that is no list counts as its only element, as everywhere in JSONata."""
    (value,) = await context.evaluate({"expression": config.expression}, payload)
    read = value.read()
    elements = read if isinstance(read, list) else [] if read is None else [read]
    if len(elements) > config.limit:
        raise StepFault("too_many_elements", f"the list has {len(elements)} elements; the limit is {config.limit}")
    if context.next is None:
        return Output(JsonText.of(elements))
    if not elements:
        return Output(NULL, dropped=True)
    return Output(
        NULL, tuple(Child(context.next, JsonText.of(element), index) for index, element in enumerate(elements))
    )
