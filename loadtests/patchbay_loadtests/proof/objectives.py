"""Which of a scaling proof's objectives were missed."""

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
