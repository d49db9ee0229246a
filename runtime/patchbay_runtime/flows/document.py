"""The form of a flow document."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from patchbay_runtime.names import Name

MOST_STEPS = 200
LARGEST_DOCUMENT_BYTES = 256 * 1024


_EXAMPLE: dict[str, Any] = {
    "name": "orders",
    "start": "receive",
    "steps": {
        "receive": {"shape": "http-trigger", "next": "total"},
        "total": {"shape": "map", "config": {"expression": "{'total': $sum(items.price)}"}},
    },
}


class StepDocument(BaseModel):
    """One step; what `config` may hold depends on the shape."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shape: Annotated[str, StringConstraints(max_length=40)]
    config: dict[str, Any] = Field(default_factory=dict)
    next: Name | None = None
    description: Annotated[str, StringConstraints(max_length=500)] | None = None


class FlowDocument(BaseModel):
    """A process flow: named steps, and the one that a run starts at."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    name: Name
    description: Annotated[str, StringConstraints(max_length=500)] | None = None
    start: Name
    steps: dict[Name, StepDocument] = Field(
        min_length=1, max_length=MOST_STEPS, json_schema_extra={"additionalProperties": False}
    )
