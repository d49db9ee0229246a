"""What the platform needs to know of a shape to run its pods."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from patchbay_runtime.quantity import parse

Cpu = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*m?$")]
Memory = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*(Ki|Mi|Gi)$")]


class Shape(BaseModel):
    """One shape: its name, what it does, and the resources and scaling bounds of its pods."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$")
    description: str = Field(min_length=1)
    cpu_request: Cpu = "50m"
    memory_request: Memory = "96Mi"
    # None: no CPU limit. A worker takes no more than one core, and one for each evaluation at a time, and throttling
    # would slow down its readiness.
    cpu_limit: Cpu | None = None
    memory_limit: Memory = "256Mi"
    threshold: int = Field(default=8, ge=1, description="processes per pod")
    min_pods: int = Field(default=1, ge=0)
    max_pods: int = Field(default=6, ge=1, le=1000)
    longest_step_seconds: int = Field(default=10, ge=1, le=3600)

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        if self.min_pods > self.max_pods:
            raise ValueError(f"min_pods ({self.min_pods}) must not exceed max_pods ({self.max_pods})")
        if parse(self.memory_request) > parse(self.memory_limit):
            raise ValueError(f"memory_request ({self.memory_request}) exceeds memory_limit ({self.memory_limit})")
        if self.cpu_limit is not None and parse(self.cpu_request) > parse(self.cpu_limit):
            raise ValueError(f"cpu_request ({self.cpu_request}) exceeds cpu_limit ({self.cpu_limit})")
        return self
