"""The limits that a plan runs into, each with the field that lifts it."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from patchbay_operations.capacity.record import Record
from patchbay_operations.capacity.simulation.engine import Outcome
from patchbay_operations.capacity.simulation.processes import Processes
from patchbay_operations.capacity.simulation.setting import Environment, ShapeSetting


class Limit(Record):
    """`field`: where to change it; `remedy`: to what."""

    field: str
    problem: str
    remedy: str


def reached(
    environment: Environment,
    shapes: Sequence[ShapeSetting],
    outcome: Outcome,
    load: Processes,
    *,
    busiest: Mapping[str, float],
) -> Iterator[Limit]:
    """Every limit that held the load up, the widest first. `busiest`: processes that run in each worst minute."""
    yield from _full_groups(environment, outcome)
    yield from _quota(outcome)
    yield from _full_shapes(shapes, outcome, busiest)
    yield from _headroom(environment, outcome)
    yield from _backlog(shapes, load)


def longest_run(holds: npt.NDArray[np.bool_]) -> int:
    """The length of the longest unbroken run of ticks in which something holds."""
    edges = np.flatnonzero(np.diff(holds.astype(np.int8), prepend=0, append=0))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _full_groups(environment: Environment, outcome: Outcome) -> Iterator[Limit]:
    if outcome.refused_by_total:
        yield Limit(
            field="patchbay:platform.clusterAutoscaler.scaleUp.maxNodesTotal",
            problem=f"all groups together were full while {outcome.refused_by_total} pods had no node",
            remedy="raise it",
        )
    told = set()
    for group, missing in zip(environment.groups, outcome.refused, strict=True):
        field = f"{group.field}.maxSize"
        if not missing or field in told:
            continue
        told.add(field)
        each = max(group.allocatable.pods, 1)
        yield Limit(
            field=field,
            problem=f"{group.name} was full with {group.max_nodes} nodes while {missing} pods had no node",
            remedy=f"raise it by {math.ceil(missing / each)} at least, or name larger instance types",
        )


def _quota(outcome: Outcome) -> Iterator[Limit]:
    if outcome.over_quota:
        yield Limit(
            field="patchbay:platform.quotas.runtime",
            problem=f"the namespace's quota kept {outcome.over_quota} pods from being created",
            remedy="raise its cpu, memory or pods, whichever the pods exceed",
        )


def _full_shapes(shapes: Sequence[ShapeSetting], outcome: Outcome, busiest: Mapping[str, float]) -> Iterator[Limit]:
    for shape, capped in zip(shapes, outcome.capped, strict=True):
        if not capped:
            continue
        processes = busiest[shape.name]
        # The load scatters; three standard deviations above the mean are hardly ever exceeded.
        enough = math.floor((processes + 3 * math.sqrt(processes)) / shape.threshold) + 1
        yield Limit(
            field=shape.max_pods_field,
            problem=(
                f"{shape.name} stood at its {shape.max_pods} pods and would have taken more for "
                f"{capped * outcome.clock.tick_seconds:.0f} s"
            ),
            remedy=(
                f"raise it to {enough}, which the busiest minute takes"
                if enough > shape.max_pods
                else (
                    f"the busiest minute takes {enough} only: a low moment took pods away that the next one needs; "
                    "raise patchbay:platform.scaling.scaleDownSeconds"
                )
            ),
        )


def _headroom(environment: Environment, outcome: Outcome) -> Iterator[Limit]:
    peak = int(outcome.total_pending.max())
    # What the groups or the quota refuse, no headroom gives.
    if not peak or outcome.refused.any() or outcome.refused_by_total:
        return
    seconds = longest_run(outcome.total_pending > 0) * outcome.clock.tick_seconds
    steepest = _steepest_minute(outcome)
    have = environment.headroom.pods
    yield Limit(
        field="patchbay:platform.headroom.pods",
        problem=(
            f"{have} placeholders were too few: in the steepest minute {steepest} pods came, up to {peak} at once had "
            f"no node, for {seconds:.0f} s at the longest"
        ),
        remedy=f"set it to {have + peak} so that none waits for a node",
    )


def _steepest_minute(outcome: Outcome) -> int:
    minute = min(outcome.clock.period(60), len(outcome.total_pods) - 1)
    return int((outcome.total_pods[minute:] - outcome.total_pods[: len(outcome.total_pods) - minute]).max(initial=0))


def _backlog(shapes: Sequence[ShapeSetting], load: Processes) -> Iterator[Limit]:
    for shape, waiting in zip(shapes, load.waiting, strict=True):
        if waiting > shape.threshold * shape.max_pods:
            yield Limit(
                field=f"the profile's shapes.{shape.name}.perMinute",
                problem=f"{waiting} processes of {shape.name} still wait at the end",
                remedy="lift the limits above, or let the profile last until they are done",
            )
