"""Which absolute objectives a scaling proof did not meet."""

from patchbay_loadtests.core.objectives import ScalingObjectives
from patchbay_loadtests.core.traffic.protocol import Endpoint
from patchbay_loadtests.proof.judgement import StepVerdict
from patchbay_loadtests.proof.latency import Latency


def misses(
    objectives: ScalingObjectives,
    steps: tuple[StepVerdict, ...],
    latency: Latency | None,
    endpoints: tuple[Endpoint, ...],
) -> list[str]:
    """The objectives that were not met. What was not measured has not met its objective.

    A proof without a step at the threshold has no scale-up from one pod to two to be held to anything.
    """
    found: list[tuple[str, float | None, float]] = []
    for step in steps:
        limit = objectives.pods_ready_seconds if step.processes else objectives.pods_back_seconds
        found.append((f"{step.expected_pods} pods Ready at {step.processes} processes", step.ready_seconds, limit))
    if any(step.expected_pods == 2 for step in steps):
        second = None if latency is None else latency.metric_to_ready_p95
        name = f"second pod, p95 of n = {latency.n if latency else 0}"
        found.append((name, second, objectives.second_pod_p95_seconds))
    hooks = [endpoint for endpoint in endpoints if endpoint.name.startswith("POST /hooks/")]
    found.append(
        (
            f"order accepted, p95 of n = {sum(endpoint.requests for endpoint in hooks)}",
            max((endpoint.p95_seconds for endpoint in hooks), default=None),
            objectives.accepted_p95_seconds,
        )
    )
    return [
        f"objective missed: {name}: {'not measured' if value is None else f'{value:.2f} s'} of {limit:g} s"
        for name, value, limit in found
        if value is None or value > limit
    ]
