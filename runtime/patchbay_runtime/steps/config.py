"""Settings of a step."""

from pydantic import BaseModel, ConfigDict


class StepConfig(BaseModel):
    """The base of every shape's `Config`; unknown fields are refused, so that no typing error is silently ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")
