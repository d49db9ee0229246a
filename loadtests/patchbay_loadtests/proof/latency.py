"""Where the time goes between the load's change and the ready pod."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from patchbay_loadtests.core.percentiles import percentile
from patchbay_loadtests.proof.judgement import all_ready, settled_at
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
    """One scale-up from 1 to 2 pods, in seconds.

    `order_to_ready`: from the order that makes up the threshold until two pods were Ready and stayed so; None: that was
    not seen. `legs` lacks the parts whose marks were not seen; `metric_to_ready` is None where one of its two was not.
    """

    legs: dict[str, float]
    metric_to_ready: float | None
    order_to_ready: float | None = None


class Latency(Record):
    """All scale-ups of a proof. `n`: how many of `scale_ups` have `order_to_ready`, whose percentiles are of these.

    Those of the parts, and of `metric_to_ready`, are of the scale-ups that have them; None: none has.
    """

    n: int
    scale_ups: tuple[ScaleUp, ...]
    legs_p50: dict[str, float | None]
    legs_p95: dict[str, float | None]
    shares: dict[str, float]
    metric_to_ready_p50: float | None
    metric_to_ready_p95: float | None
    order_to_ready_p50: float | None = None
    order_to_ready_p95: float | None = None


def scale_ups(timeline: Timeline) -> tuple[ScaleUp, ...]:
    """A scale-up for each step at the threshold, seen or not, where one pod becomes two there."""
    if timeline.promise.min_pods >= SECOND or timeline.promise.pods(timeline.threshold) != SECOND:
        return ()
    return tuple(_scale_up(timeline, step) for step in timeline.steps if step.processes == timeline.threshold)


def summarize(found: Sequence[ScaleUp]) -> Latency | None:
    """Percentiles and each leg's share of the whole; None where no scale-up was driven."""
    if not found:
        return None
    ready = [item.order_to_ready for item in found if item.order_to_ready is not None]
    shown = [item.metric_to_ready for item in found if item.metric_to_ready is not None]
    by_leg = {leg: [item.legs[leg] for item in found if leg in item.legs] for leg in LEGS}
    # Shares of the same scale-ups, or a part that was seen more often than another would look the longer one.
    full = [item.legs for item in found if item.legs.keys() == LEGS.keys()]
    totals = {leg: sum(legs[leg] for legs in full) for leg in LEGS}
    whole = sum(totals.values()) or 1.0
    return Latency(
        n=len(ready),
        scale_ups=tuple(found),
        legs_p50={leg: _percentile(values, 50) for leg, values in by_leg.items()},
        legs_p95={leg: _percentile(values, 95) for leg, values in by_leg.items()},
        shares={leg: round(total / whole, 3) for leg, total in totals.items()},
        metric_to_ready_p50=_percentile(shown, 50),
        metric_to_ready_p95=_percentile(shown, 95),
        order_to_ready_p50=_percentile(ready, 50),
        order_to_ready_p95=_percentile(ready, 95),
    )


def _percentile(values: Sequence[float], percent: float) -> float | None:
    return round(percentile(values, percent), 2) if values else None


def _scale_up(timeline: Timeline, step: Step) -> ScaleUp:
    samples = [sample for sample in timeline.samples if step.change <= sample.at <= step.end]
    pod = _new_pod(timeline.pods, step)
    counted = _first(sample.at for sample in samples if sample.processes >= step.processes)
    metric = _first(sample.at for sample in samples if (sample.metric_pods or 0) >= SECOND)
    desired = _first(sample.at for sample in samples if sample.steered.desired >= SECOND)
    of_pod = (None, None, None) if pod is None else (pod.scheduled, pod.started, pod.ready)
    marks = _ordered([step.change, counted, metric, desired, *of_pod])
    legs = {
        leg: round(later - earlier, 3)
        for leg, (earlier, later) in zip(LEGS, pairwise(marks), strict=True)
        if earlier is not None and later is not None
    }
    shown, ready = marks[2], marks[-1]
    # By the Deployment, as the step's own verdict: it needs no mark of the metric, and none of a single pod.
    stands_at = settled_at(samples, lambda sample: all_ready(sample, SECOND))
    return ScaleUp(
        legs=legs,
        metric_to_ready=None if shown is None or ready is None else round(ready - shown, 3),
        order_to_ready=None if stands_at is None else round(stands_at - step.change, 3),
    )


def _ordered(marks: Sequence[float | None]) -> list[float | None]:
    """Two looks of one sample may see neighbouring marks in either order: a mark never lies before an earlier one."""
    ordered: list[float | None] = []
    latest = 0.0
    for mark in marks:
        latest = latest if mark is None else max(mark, latest)
        ordered.append(None if mark is None else latest)
    return ordered


def _new_pod(pods: Iterable[PodLife], step: Step) -> PodLife | None:
    return next((pod for pod in pods if step.change <= pod.created <= step.end), None)


def _first(times: Iterable[float]) -> float | None:
    return next(iter(times), None)
