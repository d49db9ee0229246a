"""Starts a run with the body of an HTTP request."""

from patchbay_runtime.steps.config import StepConfig
from patchbay_runtime.steps.json_text import JsonText
from patchbay_runtime.steps.outcome import Context, Output, onward
from patchbay_runtime.steps.shape import Shape
from patchbay_runtime.steps.webhook_access import Access, KeyAccess

SHAPE = Shape(
    name="http-trigger",
    description="Starts a run with the JSON body of an HTTP request.",
    max_pods=8,
)


class Config(StepConfig):
    """`access`: how those who may send it are known."""

    access: Access = KeyAccess()


async def execute(payload: JsonText, _config: Config, context: Context) -> Output:
    """Pass the request's body on."""
    return onward(payload, context)
