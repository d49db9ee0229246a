"""What the same load came to under each way of scaling."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from pydantic import Field

from patchbay_loadtests.core.ledger import RunsVerdict
from patchbay_loadtests.profiles.result import Waits, waits_of
from patchbay_loadtests.profiles.timeline import LoadTimeline
from patchbay_loadtests.proof.timeline import Record

OURS, DEFAULTS = "this platform", "the tools' defaults"


class Side(Record):
    """One way of scaling; seconds, except counts.

    `time_to_capacity`: until the live workers could first run all that the load keeps running; None: never.
    `short_of_capacity`: for how long of the load they could not. `pods_taken`: workers told to go while the load was
    on. `work_killed`: connector calls cut before their answer, by the end of their worker; `redelivered`: lines that
    were sent more than once.
    """

    name: str
    orders: int
    time_to_capacity: float | None
    short_of_capacity: float
    most_pods: int
    pods_taken: int
    work_killed: int
    redelivered: int
    waits: Waits | None
    runs: RunsVerdict


class Comparison(Record):
    """`result.json`. `shortened`: in what the load was less than usual."""

    passed: bool
    needed_processes: float
    sides: tuple[Side, ...]
    shortened: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    versions: dict[str, str] = Field(default_factory=dict)
    config: dict[str, Any] = Field(default_factory=dict)


def side(name: str, timeline: LoadTimeline, runs: RunsVerdict, needed: float) -> Side:
    """One side's figures; `needed` is how many processes the load keeps running."""
    samples = [sample for sample in timeline.samples if timeline.began <= sample.at <= timeline.ended]
    enough = next((sample.at for sample in samples if sample.slots >= needed), None)
    short = sum(later.at - earlier.at for earlier, later in pairwise(samples) if earlier.slots < needed)
    return Side(
        name=name,
        orders=timeline.orders,
        time_to_capacity=None if enough is None else round(enough - timeline.began, 1),
        short_of_capacity=round(short, 1),
        most_pods=max((sample.steered_ready for sample in samples), default=0),
        pods_taken=sum(timeline.began <= pod.leaving <= timeline.ended for pod in timeline.leaving),
        work_killed=timeline.abandoned,
        redelivered=len(runs.duplicated_lines),
        waits=waits_of(timeline),
        runs=runs,
    )


def compare(
    timelines: Mapping[str, tuple[LoadTimeline, RunsVerdict]],
    *,
    needed: float,
    versions: dict[str, str],
    config: dict[str, Any],
    shortened: tuple[str, ...] = (),
) -> Comparison:
    """Both sides, and whether this platform kept its promise and was no worse."""
    sides = {name: side(name, timeline, runs, needed) for name, (timeline, runs) in timelines.items()}
    ours, defaults = sides[OURS], sides[DEFAULTS]
    reasons = [f"{OURS}: {reason}" for reason in ours.runs.reasons]
    if timelines[OURS][0].refusals:
        reasons.append(f"{OURS}: {len(timelines[OURS][0].refusals)} orders were refused")
    if ours.work_killed:
        reasons.append(f"{OURS}: {ours.work_killed} processes were killed")
    if ours.time_to_capacity is None:
        reasons.append(f"{OURS}: the load's {needed:g} processes never had room")
    elif defaults.time_to_capacity is not None and ours.time_to_capacity > defaults.time_to_capacity:
        reasons.append(
            f"capacity came later than by {DEFAULTS}: {ours.time_to_capacity} s, {defaults.time_to_capacity} s"
        )
    if ours.waits and defaults.waits and ours.waits.p95 > defaults.waits.p95:
        reasons.append(f"orders waited longer than by {DEFAULTS}: p95 {ours.waits.p95} s, {defaults.waits.p95} s")
    return Comparison(
        passed=not reasons,
        needed_processes=needed,
        sides=(ours, defaults),
        shortened=shortened,
        reasons=tuple(reasons),
        versions=versions,
        config=config,
    )
