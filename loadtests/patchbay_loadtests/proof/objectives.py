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

    `latency` is None where no step was at the threshold: there is no scale-up to be held to anything.
    """
    found: list[tuple[str, float | None, float]] = []
    for step in steps:
        limit = objectives.pods_ready_seconds if step.processes else objectives.pods_back_seconds
        found.append((f"{step.expected_pods} pods Ready at {step.processes} processes", step.ready_seconds, limit))
    if latency is not None:
        name = f"second pod, order until Ready, p95 of n = {latency.n}"
        found.append((name, latency.order_to_ready_p95, objectives.second_pod_p95_seconds))
    hooks = [endpoint for endpoint in endpoints if endpoint.name.startswith("POST /hooks/")]
    found.append(
        (
            f"order accepted, p95 of n = {sum(endpoint.requests for endpoint in hooks)}",
            max((endpoint.p95_seconds for endpoint in hooks), default=None),
            objectives.accepted_p95_seconds,
        )
    )
    missed = [
        f"objective missed: {name}: {'not measured' if value is None else f'{value:.2f} s'} of {limit:g} s"
        for name, value, limit in found
        if value is None or value > limit
    ]
    return [*missed, *_unseen(latency)]


def _unseen(latency: Latency | None) -> list[str]:
    """The percentile leaves out what was not measured, which may be the slowest."""
    if latency is None or latency.n == len(latency.scale_ups):
        return []
    driven = len(latency.scale_ups)
    return [f"objective missed: second pod: {driven - latency.n} of {driven} scale-ups were not measured"]
