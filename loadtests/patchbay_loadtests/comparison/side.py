"""What one load came to under one way of scaling."""

from collections.abc import Sequence
from itertools import pairwise
from math import inf
from statistics import median

from patchbay_loadtests.core.ledger import RunsVerdict
from patchbay_loadtests.profiles.result import Waits, unseen, waits_of
from patchbay_loadtests.profiles.timeline import LoadTimeline
from patchbay_loadtests.proof.timeline import Record

OURS, DEFAULTS = "this platform", "the tools' defaults"


class Side(Record):
    """One load of a pair; seconds, except counts.

    `time_to_capacity`: until the live workers could first run all that the load keeps running; None: never.
    `short_of_capacity`: for how long of the load they could not. `pods_taken`: workers told to go while the load was
    on. `work_killed`: connector calls cut before their answer, by the end of their worker; `redelivered`: lines that
    were sent more than once. `longest_gap`: for how long nothing was recorded. `ended_by`: what ended the load early.
    `measured_hpa_sync`: how often the HPAs looked; None: not measured.
    """

    name: str
    pair: int
    orders: int
    refused: int
    time_to_capacity: float | None
    short_of_capacity: float
    most_pods: int
    pods_taken: int
    work_killed: int
    redelivered: int
    waits: Waits | None
    runs: RunsVerdict
    longest_gap: float
    ended_by: str | None = None
    measured_hpa_sync: float | None = None


class Spread(Record):
    """The middle, the least and the most of `n` loads, in seconds; None: never."""

    n: int
    median: float | None
    least: float | None
    most: float | None


class Summary(Record):
    """One way of scaling over all its loads; counts are sums."""

    name: str
    time_to_capacity: Spread
    short_of_capacity: Spread
    waits_p95: Spread
    most_pods: int
    pods_taken: int
    work_killed: int
    redelivered: int
    lost: int


def side(
    name: str,
    pair: int,
    timeline: LoadTimeline,
    runs: RunsVerdict,
    needed: float,
    *,
    ended_by: str | None = None,
    measured_hpa_sync: float | None = None,
) -> Side:
    """One load's figures; `needed` is how many processes it keeps running."""
    samples = [sample for sample in timeline.samples if timeline.began <= sample.at <= timeline.ended]
    enough = next((sample.at for sample in samples if sample.slots >= needed), None)
    short = sum(later.at - earlier.at for earlier, later in pairwise(samples) if earlier.slots < needed)
    return Side(
        name=name,
        pair=pair,
        orders=timeline.orders,
        refused=len(timeline.refusals),
        time_to_capacity=None if enough is None else round(enough - timeline.began, 1),
        short_of_capacity=round(short, 1),
        most_pods=max((sample.steered_ready for sample in samples), default=0),
        pods_taken=sum(timeline.began <= pod.leaving <= timeline.ended for pod in timeline.leaving),
        work_killed=timeline.abandoned,
        redelivered=len(runs.duplicated_lines),
        waits=waits_of(timeline),
        runs=runs,
        longest_gap=round(unseen(timeline), 1),
        ended_by=ended_by,
        measured_hpa_sync=measured_hpa_sync,
    )


def spread(values: Sequence[float | None]) -> Spread:
    """What never came counts as longer than everything."""
    known = [inf if value is None else value for value in values]
    if not known:
        return Spread(n=0, median=None, least=None, most=None)
    middle, least, most = (
        None if value == inf else round(value, 2) for value in (median(known), min(known), max(known))
    )
    return Spread(n=len(known), median=middle, least=least, most=most)


def summary(name: str, sides: Sequence[Side]) -> Summary:
    """All loads of one name."""
    own = [each for each in sides if each.name == name]
    return Summary(
        name=name,
        time_to_capacity=spread([each.time_to_capacity for each in own]),
        short_of_capacity=spread([each.short_of_capacity for each in own]),
        waits_p95=spread([each.waits.p95 if each.waits else None for each in own]),
        most_pods=max((each.most_pods for each in own), default=0),
        pods_taken=sum(each.pods_taken for each in own),
        work_killed=sum(each.work_killed for each in own),
        redelivered=sum(each.redelivered for each in own),
        lost=sum(each.runs.lost for each in own),
    )
