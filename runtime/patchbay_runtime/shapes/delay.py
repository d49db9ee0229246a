"""Goes on later."""

from pydantic import Field

from patchbay_runtime.steps.config import StepConfig
from patchbay_runtime.steps.json_text import JsonText
from patchbay_runtime.steps.number import Real
from patchbay_runtime.steps.outcome import Context, Output, Postponed, onward
from patchbay_runtime.steps.shape import Shape

SHAPE = Shape(name="delay", description="Goes on after a time; a process that waits so holds no worker's slot.")


class Config(StepConfig):
    """`seconds`: how long to wait, up to a day."""

    seconds: Real = Field(gt=0, le=86_400)


async def execute(payload: JsonText, config: Config, context: Context) -> Output | Postponed:
    """Postpone the process once, then pass the payload on."""
    return onward(payload, context) if context.postponed else Postponed(config.seconds)
