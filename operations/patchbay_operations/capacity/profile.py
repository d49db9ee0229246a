"""The load that a plan is made for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from patchbay_runtime.catalog import CATALOG
from pydantic import Field, model_validator

from patchbay_operations.capacity.curves import Floats, NamedCurve, Points
from patchbay_operations.capacity.resources import Quantity, request
from patchbay_operations.capacity.service_time import Seconds
from patchbay_operations.capacity.simulation.setting import ShapeSetting
from patchbay_operations.inputs import Input, InputError, read_yaml, validated

# What a worker takes beyond its longest step to record the result and leave.
_STOP_MARGIN_SECONDS = 1.0


class PodsOverride(Input):
    """What is to differ from the catalogue: to try a change out, or to plan a shape that is not in it."""

    threshold: Annotated[int, Field(ge=1)] | None = None
    min_pods: Annotated[int, Field(ge=0)] | None = None
    max_pods: Annotated[int, Field(ge=1)] | None = None
    cpu_request: Quantity | None = None
    memory_request: Quantity | None = None


class ShapeLoad(Input):
    """One shape's load: processes per minute that reach it, and how long each runs."""

    per_minute: NamedCurve | Points
    seconds: Seconds
    pods: PodsOverride = PodsOverride()


class Profile(Input):
    """A profile file. `hours`: how long it lasts; `poisson`: arrivals scatter as independent ones do, else evenly."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    hours: Annotated[float, Field(gt=0, le=168)] = 24
    poisson: bool = True
    shapes: Annotated[Mapping[str, ShapeLoad], Field(min_length=1)]

    @model_validator(mode="after")
    def _plannable(self) -> Self:
        for name, load in self.shapes.items():
            if name not in CATALOG:
                wanted = {"cpuRequest", "memoryRequest", "maxPods"}
                given = {field.alias for key, field in PodsOverride.model_fields.items() if getattr(load.pods, key)}
                if missing := sorted(wanted - given):
                    raise ValueError(
                        f"shapes.{name}: not in the catalogue ({', '.join(sorted(CATALOG))}); correct its name, "
                        f"or give shapes.{name}.pods.{{{', '.join(missing)}}} of a shape that is to come"
                    )
            elif load.seconds.mean > CATALOG[name].longest_step_seconds:
                raise ValueError(
                    f"shapes.{name}.seconds.mean: above the shape's longest step "
                    f"({CATALOG[name].longest_step_seconds} s); lower it, or raise the catalogue's longest_step_seconds"
                )
            if isinstance(load.per_minute, Points) and load.per_minute.points[-1].hour > self.hours:
                raise ValueError(
                    f"shapes.{name}.perMinute.points: the last lies after the end; raise hours or remove it"
                )
        return self

    def rates(self, hours: Floats) -> dict[str, Floats]:
        """Processes per minute of each shape at these hours."""
        return {name: load.per_minute.at(hours, self.hours) for name, load in self.shapes.items()}

    def busiest(self) -> dict[str, float]:
        """How many processes of each shape run at once in its busiest minute, where none has to wait."""
        minutes = np.arange(0, self.hours, 1 / 60)
        rates = self.rates(minutes)
        return {name: float(rates[name].max()) / 60 * load.seconds.mean for name, load in self.shapes.items()}

    def settings(self) -> tuple[ShapeSetting, ...]:
        """The shapes' pods: the catalogue's, with what the profile changes."""
        return tuple(_setting(name, load) for name, load in self.shapes.items())


def load_profile(path: Path) -> Profile:
    """InputError names each field at fault."""
    return validated(Profile, read_yaml(path), source=str(path))


def _setting(name: str, load: ShapeLoad) -> ShapeSetting:
    shape, override = CATALOG.get(name), load.pods
    cpu = override.cpu_request or (shape.cpu_request if shape else "0")
    memory = override.memory_request or (shape.memory_request if shape else "0")
    min_pods = override.min_pods if override.min_pods is not None else shape.min_pods if shape else 1
    max_pods = override.max_pods or (shape.max_pods if shape else 1)
    if max_pods < min_pods:
        raise InputError(f"shapes.{name}.pods.maxPods: below the fewest pods ({min_pods}); raise it, or lower minPods")
    return ShapeSetting(
        name=name,
        threshold=override.threshold or (shape.threshold if shape else 8),
        min_pods=min_pods,
        max_pods=max_pods,
        request=request(cpu, memory),
        stop_seconds=load.seconds.p95 + _STOP_MARGIN_SECONDS,
        max_pods_field=(
            f"the profile's shapes.{name}.pods.maxPods"
            if override.max_pods
            else f"max_pods of the shape's catalogue entry (patchbay_runtime.shapes.{name.replace('-', '_')})"
        ),
    )
