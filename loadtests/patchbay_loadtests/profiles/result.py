"""The result of one load, in the form in which it is kept."""

from typing import Any

from pydantic import Field

from patchbay_loadtests.core.ledger import RunsVerdict
from patchbay_loadtests.core.percentiles import percentile
from patchbay_loadtests.profiles.timeline import LoadTimeline
from patchbay_loadtests.proof.timeline import Record


class Waits(Record):
    """Seconds from an order's arrival until its connector called, over all lines."""

    p50: float
    p95: float
    p99: float
    longest: float


class LoadResult(Record):
    """`result.json`. `at_start`, `at_peak` and `at_end` count ready pods of shapes and nodes.

    `shortened`: in what the load was less than the profile's own.
    """

    profile: str
    passed: bool
    orders: int
    refused: int
    peak_orders_per_second: float
    waits: Waits | None
    at_start: dict[str, int]
    at_peak: dict[str, int]
    at_end: dict[str, int]
    runs: RunsVerdict
    shortened: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    versions: dict[str, str] = Field(default_factory=dict)
    config: dict[str, Any] = Field(default_factory=dict)


def waits_of(timeline: LoadTimeline) -> Waits | None:
    """The percentiles; None when no order came through."""
    if not timeline.waits:
        return None
    p50, p95, p99 = (round(percentile(timeline.waits, percent), 2) for percent in (50, 95, 99))
    return Waits(p50=p50, p95=p95, p99=p99, longest=round(timeline.waits[-1], 2))


def judge(
    timeline: LoadTimeline,
    runs: RunsVerdict,
    *,
    versions: dict[str, str],
    config: dict[str, Any],
    shortened: tuple[str, ...] = (),
) -> LoadResult:
    """The verdict: nothing refused, lost or done twice, and in the end no more pods and nodes than at the start."""
    samples = timeline.samples
    start, end = ({"pods": sample.ready, "nodes": sample.nodes} for sample in (samples[0], samples[-1]))
    peak = {
        "pods": max(sample.ready for sample in samples),
        "nodes": max(sample.nodes for sample in samples),
        "processes": max(sample.waiting + sample.reserved for sample in samples),
    }
    reasons = runs.reasons
    if timeline.refusals:
        reasons.append(f"{len(timeline.refusals)} orders were refused: {timeline.refusals[0]}")
    reasons += [
        f"{end[kind]} {kind} in the end, {start[kind]} at the start" for kind in start if end[kind] > start[kind]
    ]
    return LoadResult(
        profile=timeline.profile,
        passed=not reasons,
        orders=timeline.orders,
        refused=len(timeline.refusals),
        peak_orders_per_second=max(sample.offered for sample in samples),
        waits=waits_of(timeline),
        at_start=start,
        at_peak=peak,
        at_end=end,
        runs=runs,
        shortened=shortened,
        reasons=tuple(reasons),
        versions=versions,
        config=config,
    )
