"""Where the time goes between the load's change and the ready pod."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from patchbay_loadtests.core.percentiles import percentile
from patchbay_loadtests.proof.timeline import PodLife, Record, Step, Timeline

LEGS: Final = {
    "intake": "order posted until Horizon counts the process",
    "metric": "counted until the API server's external metrics show it (scrape, rule, KEDA)",
    "hpa": "metric shown until the HPA desires the pod",
    "scheduling": "desired until the pod is created and has its node",
    "start": "on its node until the container runs",
    "readiness": "running until the pod is Ready",
}


SECOND: Final = 2


class ScaleUp(Record):
    """One scale-up from 1 to 2 pods, in seconds: each leg, and from the metric shown to the second pod Ready."""

    legs: dict[str, float]
    metric_to_ready: float


class Latency(Record):
    """All scale-ups of a proof; the percentiles are of `n`."""

    n: int
    scale_ups: tuple[ScaleUp, ...]
    legs_p50: dict[str, float]
    legs_p95: dict[str, float]
    shares: dict[str, float]
    metric_to_ready_p50: float
    metric_to_ready_p95: float


def scale_ups(timeline: Timeline) -> tuple[ScaleUp, ...]:
    """The scale-ups from 1 to 2 pods that the record shows in full."""
    if timeline.promise.pods(timeline.threshold) != SECOND:
        return ()
    edges = [step for step in timeline.steps if step.processes == timeline.threshold]
    return tuple(found for step in edges if (found := _scale_up(timeline, step)) is not None)


def summarize(found: Sequence[ScaleUp]) -> Latency | None:
    """Percentiles and each leg's share of the whole; None without a scale-up."""
    if not found:
        return None
    totals = {leg: sum(item.legs[leg] for item in found) for leg in LEGS}
    whole = sum(totals.values()) or 1.0
    return Latency(
        n=len(found),
        scale_ups=tuple(found),
        legs_p50={leg: round(percentile([item.legs[leg] for item in found], 50), 2) for leg in LEGS},
        legs_p95={leg: round(percentile([item.legs[leg] for item in found], 95), 2) for leg in LEGS},
        shares={leg: round(total / whole, 3) for leg, total in totals.items()},
        metric_to_ready_p50=round(percentile([item.metric_to_ready for item in found], 50), 2),
        metric_to_ready_p95=round(percentile([item.metric_to_ready for item in found], 95), 2),
    )


def _scale_up(timeline: Timeline, step: Step) -> ScaleUp | None:
    samples = [sample for sample in timeline.samples if step.change <= sample.at <= step.end]
    pod = _new_pod(timeline.pods, step)
    counted = _first(sample.at for sample in samples if sample.processes >= step.processes)
    metric = _first(sample.at for sample in samples if (sample.metric_pods or 0) >= SECOND)
    desired = _first(sample.at for sample in samples if sample.steered.desired >= SECOND)
    if pod is None or None in (counted, metric, desired):
        return None
    marks = [step.change, counted, metric, desired, pod.scheduled, pod.started, pod.ready]
    # Two looks of one sample may see neighbouring marks in either order: a mark never lies before the one it follows.
    ordered: list[float] = []
    for mark in marks:
        if mark is None:
            return None
        ordered.append(max(mark, ordered[-1]) if ordered else mark)
    legs = {leg: round(later - earlier, 3) for leg, (earlier, later) in zip(LEGS, pairwise(ordered), strict=True)}
    return ScaleUp(legs=legs, metric_to_ready=round(ordered[-1] - ordered[2], 3))


def _new_pod(pods: Iterable[PodLife], step: Step) -> PodLife | None:
    return next((pod for pod in pods if step.change <= pod.created <= step.end), None)


def _first(times: Iterable[float]) -> float | None:
    return next(iter(times), None)
