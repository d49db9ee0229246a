"""The result of one load, in the form in which it is kept."""

from collections import Counter, deque
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from patchbay_loadtests.core.ledger import RunsVerdict
from patchbay_loadtests.core.objectives import GeneratorObjectives, LoadObjectives
from patchbay_loadtests.core.percentiles import percentile
from patchbay_loadtests.core.traffic.protocol import Endpoint
from patchbay_loadtests.profiles.timeline import LoadSample, LoadTimeline
from patchbay_loadtests.proof.judgement import gap_reasons, longest_gap
from patchbay_loadtests.proof.periods import Periods
from patchbay_loadtests.proof.promise import Promise
from patchbay_loadtests.proof.timeline import Record


class Waits(Record):
    """Seconds from the moment at which an order was due, over `n` orders or lines."""

    n: int
    p50: float
    p95: float
    p99: float
    longest: float


class LoadResult(Record):
    """`result.json`. `at_start`, `at_peak` and `at_end` count ready pods of shapes and nodes.

    `shortened`: in what the load was less than the profile's own. `peak_orders_per_second`: of those that were sent, in
    the busiest second. `accepted`: until the gateway took an order. `waits`: until its connector called. `late`: until
    the load test sent it. `short_of_pods_seconds`: how long in a row the steered shape had too few pods;
    `too_many_pods_seconds`: more than it needed just before.
    """

    profile: str
    passed: bool
    orders: int
    refused: int
    peak_orders_per_second: int
    accepted: Waits | None
    waits: Waits | None
    late: Waits | None
    short_of_pods_seconds: float
    too_many_pods_seconds: float = 0.0
    endpoints: tuple[Endpoint, ...]
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
    return _waits(timeline.waits)


def _waits(seconds: Sequence[float]) -> Waits | None:
    if not seconds:
        return None
    p50, p95, p99, longest = (round(percentile(seconds, percent), 2) for percent in (50, 95, 99, 100))
    return Waits(n=len(seconds), p50=p50, p95=p95, p99=p99, longest=longest)


def sent_by_second(timeline: LoadTimeline) -> Counter[int]:
    """How many orders were first sent in each second of the record."""
    return Counter(int(order.sent) for order in timeline.sent if order.sent is not None)


def short_of_pods(timeline: LoadTimeline) -> float:
    """The longest time, in seconds, for which the steered shape had fewer ready pods than its processes ask for."""
    promise = Promise(threshold=timeline.threshold, max_pods=timeline.max_pods)
    longest, since = 0.0, None
    for sample in timeline.samples:
        if sample.steered_ready >= promise.pods(sample.steered_processes):
            since = None
            continue
        since = sample.at if since is None else since
        longest = max(longest, sample.at - since)
    return round(longest, 1)


def back_seconds(periods: Periods) -> float:
    """How long pods may stay after the load for which they came."""
    return periods.scale_down + 2 * periods.metric


def too_many_pods(timeline: LoadTimeline, back: float) -> float:
    """The longest time, in seconds, for which more pods were ready than any of the last `back` seconds asked for."""
    promise = Promise(threshold=timeline.threshold, max_pods=timeline.max_pods)
    first = timeline.samples[0]
    longest, since = 0.0, None
    # Of the last looks those after which none had as many processes: the first one had the most.
    latest: deque[LoadSample] = deque()
    for sample in timeline.samples:
        while latest and latest[-1].steered_processes <= sample.steered_processes:
            latest.pop()
        latest.append(sample)
        while latest[0].at < sample.at - back:
            latest.popleft()
        needed = promise.pods(latest[0].steered_processes)
        if first.at > sample.at - back:
            needed = max(needed, first.steered_ready)
        if sample.steered_ready <= needed:
            since = None
            continue
        since = sample.at if since is None else since
        longest = max(longest, sample.at - since)
    return round(longest, 1)


def judge(
    timeline: LoadTimeline,
    runs: RunsVerdict,
    *,
    versions: dict[str, str],
    config: dict[str, Any],
    objectives: LoadObjectives,
    generator: GeneratorObjectives,
    shortened: tuple[str, ...] = (),
    periods: Periods | None = None,
    ended_by: str | None = None,
) -> LoadResult:
    """The verdict: nothing refused, lost or done twice, in the end all done and given back, and the objectives met.

    `periods`: the promise's longest waits; by default this platform's. `ended_by`: what the product did that ended the
    load early.
    """
    samples = timeline.samples
    start, end = ({"pods": sample.ready, "nodes": sample.nodes} for sample in (samples[0], samples[-1]))
    peak = {
        "pods": max(sample.ready for sample in samples),
        "nodes": max(sample.nodes for sample in samples),
        "processes": max(sample.waiting + sample.reserved for sample in samples),
    }
    reasons = [*([] if ended_by is None else [ended_by]), *runs.reasons]
    if timeline.refusals:
        reasons.append(f"{len(timeline.refusals)} orders were refused: {timeline.refusals[0]}")
    reasons += [
        f"{end[kind]} {kind} in the end, {start[kind]} at the start" for kind in start if end[kind] > start[kind]
    ]
    if left := samples[-1].waiting + samples[-1].reserved:
        reasons.append(f"{left} processes are left after the time to settle")
    accepted = _waits([order.accepted - order.due for order in timeline.sent if order.accepted is not None])
    waits, short = waits_of(timeline), short_of_pods(timeline)
    late = _waits([order.sent - order.due for order in timeline.sent if order.sent is not None])
    reasons += _objective_reasons(accepted, waits, short, objectives)
    back = back_seconds(periods or Periods())
    # A peak between two looks may bring pods too; they are given back in the same time.
    if (surplus := too_many_pods(timeline, back)) > back:
        reasons.append(
            f"longest time with more pods than the processes of the last {back:g} s ask for: {surplus:g} s, more than "
            f"the {back:g} s in which pods are given back"
        )
    reasons += gap_reasons(unseen(timeline))
    if late is not None and late.p95 > generator.late_p95_seconds:
        reasons.append(
            f"the load test was the limit: it sent orders late, p95 {late.p95} s of {late.n}, more than "
            f"{generator.late_p95_seconds:g} s; give it more processor time or a lower rate"
        )
    return LoadResult(
        profile=timeline.profile,
        passed=not reasons,
        orders=timeline.orders,
        refused=len(timeline.refusals),
        peak_orders_per_second=max(sent_by_second(timeline).values(), default=0),
        accepted=accepted,
        waits=waits,
        late=late,
        short_of_pods_seconds=short,
        too_many_pods_seconds=surplus,
        endpoints=timeline.endpoints,
        at_start=start,
        at_peak=peak,
        at_end=end,
        runs=runs,
        shortened=shortened,
        reasons=tuple(reasons),
        versions=versions,
        config=config,
    )


def unseen(timeline: LoadTimeline) -> float:
    """The longest time, in seconds, for which nothing was recorded."""
    looks = [sample.at for sample in timeline.samples]
    return longest_gap([min(timeline.began, looks[0]), *looks, max(timeline.ended, looks[-1])])


def _objective_reasons(
    accepted: Waits | None, waits: Waits | None, short: float, objectives: LoadObjectives
) -> list[str]:
    if accepted is None or waits is None:
        return ["no order came through"]
    found = (
        (f"p95 of {accepted.n} orders until they were accepted", accepted.p95, objectives.accepted_p95_seconds),
        (f"p95 of {waits.n} orders until their connector called", waits.p95, objectives.called_p95_seconds),
        (f"longest of {waits.n} orders until its connector called", waits.longest, objectives.called_longest_seconds),
        ("longest time with fewer pods than the processes ask for", short, objectives.short_of_pods_seconds),
    )
    return [
        f"{what}: {value:g} s, more than the objective of {limit:g} s" for what, value, limit in found if value > limit
    ]
