"""Absolute objectives of a scaling proof, from the section `scaling` of a file of objectives."""

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from patchbay_loadtests.core.traffic.protocol import Endpoint
from patchbay_loadtests.proof.judgement import StepVerdict
from patchbay_loadtests.proof.latency import Latency

Seconds = Annotated[float, Field(gt=0)]


class ScalingObjectives(BaseModel):
    """Limits in seconds; None: no limit.

    `pods_ready`: from a load's rise until its pods are Ready; `pods_back`: from its end until one pod is left;
    `second_pod_p95`: from the metric shown until the second pod is Ready; `order_accepted_p95`: of the webhook.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pods_ready: Seconds | None = None
    pods_back: Seconds | None = None
    second_pod_p95: Seconds | None = None
    order_accepted_p95: Seconds | None = None


class _File(BaseModel):
    scaling: ScalingObjectives


def read_objectives(path: Path) -> ScalingObjectives:
    """The file's section; ValueError names what is wrong with it."""
    try:
        return _File.model_validate(yaml.safe_load(path.read_text())).scaling
    except (OSError, yaml.YAMLError) as error:
        raise ValueError(f"slo: {path} is not a YAML file that can be read: {error}") from None
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"]))
        raise ValueError(f"slo: {path}: {field or 'the file'}: {problem['msg']}") from None


def misses(
    objectives: ScalingObjectives,
    steps: tuple[StepVerdict, ...],
    latency: Latency | None,
    endpoints: tuple[Endpoint, ...],
) -> list[str]:
    """Which objectives were not met. What was not measured has not met its objective."""
    found: list[tuple[str, float | None, float | None]] = []
    for step in steps:
        limit = objectives.pods_ready if step.processes else objectives.pods_back
        found.append((f"{step.expected_pods} pods Ready at {step.processes} processes", step.ready_seconds, limit))
    second = None if latency is None else latency.metric_to_ready_p95
    found.append((f"second pod, p95 of n = {latency.n if latency else 0}", second, objectives.second_pod_p95))
    hooks = [endpoint for endpoint in endpoints if endpoint.name.startswith("POST /hooks/")]
    found.append(
        (
            f"order accepted, p95 of n = {sum(endpoint.requests for endpoint in hooks)}",
            max((endpoint.p95_seconds for endpoint in hooks), default=None),
            objectives.order_accepted_p95,
        )
    )
    return [
        f"objective missed: {name}: {'not measured' if value is None else f'{value:.2f} s'} of {limit:g} s"
        for name, value, limit in found
        if limit is not None and (value is None or value > limit)
    ]
