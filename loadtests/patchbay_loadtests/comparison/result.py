"""What the same load came to under each way of scaling, and whether that allows a verdict."""

from collections.abc import Sequence
from math import inf
from typing import Any, Final, Literal

from pydantic import Field

from patchbay_loadtests.comparison.side import DEFAULTS, OURS, Side, Spread, Summary, summary
from patchbay_loadtests.core.ledger import REPEATED
from patchbay_loadtests.proof import sync_period
from patchbay_loadtests.proof.judgement import gap_reasons
from patchbay_loadtests.proof.timeline import Record

FEWEST_PAIRS: Final = 3
# The shortest HPA sync period that EKS offers, for a provisioned control plane: 10s to 15s, 15s by default (EKS API
# reference, HorizontalPodAutoscalerControllerConfigRequest.horizontalPodAutoscalerSyncPeriod).
EKS_FLOOR_SECONDS: Final = 10.0


class Comparison(Record):
    """`result.json`. `none`: the opponent did not work, or there was too little of it, which says nothing.

    `sides` are all loads in the order in which they were sent, `summaries` this platform's and the opponent's.
    `shortened`: in what the load was less than usual.
    """

    verdict: Literal["passed", "failed", "none"]
    needed_processes: float
    hpa_sync_seconds: float
    sides: tuple[Side, ...]
    summaries: tuple[Summary, Summary]
    shortened: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    versions: dict[str, str] = Field(default_factory=dict)
    config: dict[str, Any] = Field(default_factory=dict)


def compare(
    sides: Sequence[Side],
    *,
    needed: float,
    hpa_sync_seconds: float,
    versions: dict[str, str],
    config: dict[str, Any],
    shortened: tuple[str, ...] = (),
) -> Comparison:
    """Whether this platform kept its promise in every load, and was no worse by the median.

    A load of this platform that fails is a failure, whatever the opponent did. An opponent that did not work is no
    measure: no verdict.
    """
    ours, defaults = summary(OURS, sides), summary(DEFAULTS, sides)
    failures = [reason for each in sides if each.name == OURS for reason in _failures(each, needed)]
    doubts = [
        *_conditions(sides, hpa_sync_seconds),
        *(doubt for each in sides if each.name == DEFAULTS for doubt in _doubts(each)),
    ]
    worse = [] if doubts else _worse(ours, defaults)
    verdict: Literal["passed", "failed", "none"] = "passed"
    if failures or worse:
        verdict = "failed"
    elif doubts:
        verdict = "none"
    return Comparison(
        verdict=verdict,
        needed_processes=needed,
        hpa_sync_seconds=hpa_sync_seconds,
        sides=tuple(sides),
        summaries=(ours, defaults),
        shortened=shortened,
        reasons=(*failures, *worse, *(f"no verdict: {doubt}" for doubt in doubts)),
        versions=versions,
        config=config,
    )


def _failures(side: Side, needed: float) -> list[str]:
    reasons = [*_cut_short(side), *side.runs.reasons]
    if side.refused:
        reasons.append(f"{side.refused} orders were refused")
    if side.work_killed:
        reasons.append(f"{side.work_killed} processes were killed")
    if side.time_to_capacity is None:
        reasons.append(f"the load's {needed:g} processes never had room")
    if side.waits is None:
        reasons.append("no order reached its connector")
    return [f"{side.name}, pair {side.pair}: {reason}" for reason in reasons]


def _cut_short(side: Side) -> list[str]:
    """What keeps the figures from being those of the whole load."""
    return [
        *([] if side.ended_by is None else [f"the load ended early: {side.ended_by}"]),
        *gap_reasons(side.longest_gap),
    ]


def _conditions(sides: Sequence[Side], hpa_sync_seconds: float) -> list[str]:
    doubts = []
    if hpa_sync_seconds < EKS_FLOOR_SECONDS:
        doubts.append(f"an HPA sync period of {hpa_sync_seconds:g} s, where EKS offers {EKS_FLOOR_SECONDS:g} s or more")
    doubts += [
        f"{side.name}, pair {side.pair}: {difference}"
        for side in sides
        if side.name == OURS
        for difference in sync_period.differences(hpa_sync_seconds, side.measured_hpa_sync)
    ]
    pairs = [tuple(side.name for side in sides[begin : begin + 2]) for begin in range(0, len(sides), 2)]
    if len(pairs) < FEWEST_PAIRS:
        doubts.append(f"{len(pairs)} pairs, where {FEWEST_PAIRS} are the fewest that show a spread")
    turns = [(OURS, DEFAULTS) if number % 2 == 0 else (DEFAULTS, OURS) for number in range(len(pairs))]
    if pairs != turns:
        doubts.append("the two ways were not sent in pairs, each first in turn")
    return doubts


def _doubts(side: Side) -> list[str]:
    """Why an opponent's load is no measure. What it kills and sends again is how it works; what it loses is not."""
    runs = side.runs
    # An order whose line came again did complete, though the ledger counts it as duplicated, not as completed.
    undone = max(runs.lost + runs.dead_lettered, runs.accepted - runs.completed - runs.duplicated)
    found = _cut_short(side)
    if side.refused:
        found.append(f"{side.refused} of its orders were refused")
    if runs.accepted == 0 or undone > 0:
        found.append(f"{undone} of its {runs.accepted} runs did not complete")
    found += [f"{len(keys)} {fault}: {keys[0]}" for fault, keys in runs.faults.items() if keys and fault != REPEATED]
    if side.most_pods <= 1:
        found.append("its pods did not scale")
    if side.waits is None:
        found.append("none of its orders reached the connector")
    return [f"{side.name}, pair {side.pair}: {doubt}" for doubt in found]


def _worse(ours: Summary, defaults: Summary) -> list[str]:
    figures = {
        "capacity came later": (ours.time_to_capacity, defaults.time_to_capacity),
        "orders waited longer, p95": (ours.waits_p95, defaults.waits_p95),
    }
    return [
        f"{name} than by {DEFAULTS}: {told(own)}, {told(other)}"
        for name, (own, other) in figures.items()
        if _median(own) > _median(other)
    ]


def _median(spread: Spread) -> float:
    return inf if spread.median is None else spread.median


def told(spread: Spread) -> str:
    """`4.0 s (3.1 s to 6.0 s, n = 3)`."""
    middle, least, most = (
        "never" if value is None else f"{value:.1f} s" for value in (spread.median, spread.least, spread.most)
    )
    return f"{middle} ({least} to {most}, n = {spread.n})"
