"""What users may expect: `loadtests/slo.yaml`."""

from pathlib import Path
from typing import Annotated, Final, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

SLO: Final = Path(__file__).parents[2] / "slo.yaml"
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Section = TypeVar("Section", bound=_Part)


class LoadObjectives(_Part):
    """Of one profile; seconds from the moment at which an order was due.

    `accepted`: until the gateway took it. `called`: until its connector called. `short_of_pods_seconds`: how long in a
    row the steered shape may have fewer ready pods than its processes ask for.
    """

    accepted_p95_seconds: Seconds
    called_p95_seconds: Seconds
    called_longest_seconds: Seconds
    short_of_pods_seconds: Seconds


class FaultObjectives(_Part):
    """`calm_p95_seconds`: of the undisturbed service, from due to done; `slow_seconds`: above it an order is slow."""

    calm_p95_seconds: Seconds
    slow_seconds: Seconds


class GeneratorObjectives(_Part):
    """`late_p95_seconds`: from an order's moment until its first request was sent."""

    late_p95_seconds: Seconds


class ScalingObjectives(_Part):
    """Limits in seconds; None: no limit.

    `pods_ready`: from a load's rise until its pods are Ready; `pods_back`: from its end until one pod is left;
    `second_pod_p95`: from the metric shown until the second pod is Ready; `order_accepted_p95`: of the webhook.
    """

    pods_ready: Seconds | None = None
    pods_back: Seconds | None = None
    second_pod_p95: Seconds | None = None
    order_accepted_p95: Seconds | None = None


class Objectives(_Part):
    """The whole file; `load` by profile. A load test asks for the sections that it needs."""

    load: dict[str, LoadObjectives] = {}
    faults: FaultObjectives | None = None
    generator: GeneratorObjectives | None = None
    scaling: ScalingObjectives | None = None

    def of_profile(self, name: str) -> LoadObjectives:
        """The objectives of a profile; ValueError where there are none."""
        return self._found(self.load.get(name), f"load.{name}")

    def of_faults(self) -> FaultObjectives:
        """The objectives while things go wrong; ValueError where there are none."""
        return self._found(self.faults, "faults")

    def of_generator(self) -> GeneratorObjectives:
        """What the load test has to keep to itself; ValueError where there is nothing."""
        return self._found(self.generator, "generator")

    def of_scaling(self) -> ScalingObjectives:
        """The scaling proof's objectives; ValueError where there are none."""
        return self._found(self.scaling, "scaling")

    def _found(self, section: Section | None, name: str) -> Section:
        if section is None:
            raise ValueError(f"slo: {name}: missing; add it to the file, in the form of the load tests' {SLO.name}")
        return section


def read_objectives(path: Path = SLO) -> Objectives:
    """The objectives of a file; ValueError naming every field that is wrong, and the remedy."""
    try:
        return Objectives.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise ValueError(f"slo: {path} is not a YAML file that can be read: {error}") from None
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, problem['loc'])) or 'the file'}: {problem['msg']}" for problem in error.errors()
        ]
        remedy = f"write seconds greater than 0, in the form of the load tests' {SLO.name}"
        raise ValueError(f"slo: {path}: {'; '.join(problems)}; {remedy}") from None
