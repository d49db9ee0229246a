"""What users may expect: `loadtests/slo.yaml`."""

from pathlib import Path
from typing import Annotated, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

SLO: Final = Path(__file__).parents[2] / "slo.yaml"
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


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
    """Of the scaling proof.

    `pods_ready`: from a load's rise until its pods are Ready; `pods_back`: from its end until one pod is left;
    `second_pod_p95`: from the order at the threshold until the second pod is Ready; `accepted_p95`: of the webhook.
    """

    pods_ready_seconds: Seconds
    pods_back_seconds: Seconds
    second_pod_p95_seconds: Seconds
    accepted_p95_seconds: Seconds


class NodeObjectives(_Part):
    """Of the node proof's slowest pod of a burst, from created until Ready.

    `warm_pod_ready`: where there is free room; `headroom_pod_ready`: where placeholders make room for it.
    """

    warm_pod_ready_seconds: Seconds
    headroom_pod_ready_seconds: Seconds


class Objectives(_Part):
    """The whole file; `load` by profile."""

    scaling: ScalingObjectives
    nodes: NodeObjectives
    load: dict[str, LoadObjectives]
    faults: FaultObjectives
    generator: GeneratorObjectives

    def of_profile(self, name: str) -> LoadObjectives:
        """The objectives of a profile. ValueError where there are none."""
        if name not in self.load:
            raise ValueError(f"slo: load.{name}: missing; add it to the file that --slo names")
        return self.load[name]


def read_objectives(path: Path = SLO) -> Objectives:
    """The objectives of a file. ValueError naming every field that is wrong, and the remedy."""
    try:
        return Objectives.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error}; name another file with --slo") from error
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is not YAML: {error}") from error
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, problem['loc'])) or 'the file'}: {problem['msg']}" for problem in error.errors()
        ]
        raise ValueError(
            f"{path}: {'; '.join(problems)}. Write seconds greater than 0, as in {SLO.name} of the load tests"
        ) from error
