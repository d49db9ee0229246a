"""Starts a run with the body of an HTTP request."""

from patchbay_runtime.catalog.shape import Shape
from patchbay_runtime.steps.config import NoConfig
from patchbay_runtime.steps.json_text import JsonText
from patchbay_runtime.steps.outcome import Context, Output, onward

SHAPE = Shape(
    name="http-trigger",
    description="Starts a run with the JSON body of an HTTP request.",
    max_pods=8,
)
Config = NoConfig


async def execute(payload: JsonText, _config: NoConfig, context: Context) -> Output:
    """Pass the request's body on."""
    return onward(payload, context)
