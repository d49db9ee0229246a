"""Simulates what was measured, and states how far the two lie apart."""

from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np
from patchbay_runtime.catalog import CATALOG
from rich.console import Console
from rich.table import Table

from patchbay_operations.capacity.calibration.fit import changes, fit, implied, steady
from patchbay_operations.capacity.calibration.measured import Floats, Measured
from patchbay_operations.capacity.record import Record
from patchbay_operations.capacity.resources import request
from patchbay_operations.capacity.simulation.clock import Clock
from patchbay_operations.capacity.simulation.engine import Outcome, simulate
from patchbay_operations.capacity.simulation.processes import Replayed
from patchbay_operations.capacity.simulation.setting import Environment, Headroom, Phases, ShapeSetting
from patchbay_operations.capacity.timing import Timing
from patchbay_operations.inputs import InputError

_TICK_SECONDS: Final = 0.1
# What an idle worker takes to leave.
_STOP_SECONDS: Final = 2.0


class Lines(Record):
    """At the times of the record's looks."""

    at: tuple[float, ...]
    processes: tuple[float, ...]
    desired: tuple[float, ...]
    ready: tuple[float, ...]
    nodes: tuple[float, ...] | None


class Step(Record):
    """A change of the load: after how many seconds the pods that are right for it were ready; None: not before the
    next change."""

    at: float
    pods: int
    measured: float | None
    simulated: float | None

    @property
    def late(self) -> float | None:
        """By how many seconds the simulation is late."""
        if self.measured is None or self.simulated is None:
            return None
        return round(self.simulated - self.measured, 2)


class Errors(Record):
    """Mean absolute differences; nodes None where none were recorded. `steps`: of the steps' times, in seconds."""

    ready_pods: float
    desired_pods: float
    nodes: float | None
    steps: float | None


class Calibration(Record):
    """`calibration.json`. `before`: with the times as they were, `after`: with those that the record gave.

    `hpa_sync_seconds` is the period that the autoscaler kept in this run.
    """

    measured_in: str
    shape: str
    fitted: tuple[str, ...]
    timing: Timing
    hpa_sync_seconds: float
    before: Errors
    after: Errors
    steps: tuple[Step, ...]
    measured: Lines
    simulated: Lines


def calibrated(measured: Measured, environment: Environment, known: Timing) -> Calibration:
    """Learn from the record, and say what was learned. InputError where the environment lacks the record's shape."""
    shape = CATALOG.get(measured.shape)
    if shape is None:
        raise InputError(
            f"{measured.source}: {measured.shape} is not in the catalogue; name a report of a shape that is"
        )
    environment = _as_recorded(measured, environment)
    found = fit(measured, environment.path, known, threshold=shape.threshold, max_pods=shape.max_pods)
    seen = replace(environment, path=replace(environment.path, hpa_sync=found.hpa_sync))
    before = replay(measured, environment, known, Phases())
    after = replay(measured, seen, found.timing, found.phases)
    before_steps = _steps(measured, before, threshold=shape.threshold, max_pods=shape.max_pods)
    steps = _steps(measured, after, threshold=shape.threshold, max_pods=shape.max_pods)
    return Calibration(
        measured_in=measured.source,
        shape=measured.shape,
        fitted=found.fitted,
        timing=found.timing,
        hpa_sync_seconds=round(found.hpa_sync, 3),
        before=_errors(measured, before, before_steps),
        after=_errors(measured, after, steps),
        steps=tuple(steps),
        measured=_lines(measured.at, measured.processes, measured.desired, measured.ready, measured.nodes),
        simulated=after,
    )


def replay(measured: Measured, environment: Environment, timing: Timing, phases: Phases) -> Lines:
    """The record's processes, and what the simulation makes of them. The other shapes stand idle."""
    clock = Clock(_TICK_SECONDS)
    ticks = clock.period(float(measured.at[-1])) + 1
    shapes = [_setting(name) for name in CATALOG]
    column = list(CATALOG).index(measured.shape)
    now = np.searchsorted(measured.at, np.arange(ticks) * _TICK_SECONDS + 1e-9, side="right") - 1
    counts = np.zeros((ticks, len(shapes)), np.int64)
    counts[:, column] = measured.processes[np.clip(now, 0, None)]
    occupied = {
        clock.ticks(at): first for pair in measured.occupied for at, first in zip(pair, (True, False), strict=True)
    }
    outcome = simulate(
        environment,
        shapes,
        Replayed(counts),
        timing,
        clock=clock,
        ticks=ticks,
        sample_ticks=1,
        seed=np.random.SeedSequence(0),
        start=counts[0],
        phases=phases,
        occupied=occupied,
    )
    return _at_looks(measured, outcome, column)


def print_calibration(console: Console, found: Calibration) -> None:
    """The times, the errors, and each step."""
    table = Table(title=f"{found.shape}: simulated against measured")
    for heading in ("load changed at", "pods", "measured", "simulated", "difference"):
        table.add_column(heading, justify="right")
    for step in found.steps:
        table.add_row(
            f"{step.at:.1f} s", str(step.pods), *(_seconds(each) for each in (step.measured, step.simulated, step.late))
        )
    console.print(table)
    for name, value in found.timing.model_dump().items():
        origin = "measured" if name in found.fitted else "assumed: the record does not tell"
        console.print(f"{name}: {value:g} ({origin})", highlight=False)
    for when, errors in (("before", found.before), ("after", found.after)):
        nodes = "" if errors.nodes is None else f", {errors.nodes:.3f} nodes"
        console.print(
            f"mean absolute error {when}: {errors.ready_pods:.3f} ready pods, {errors.desired_pods:.3f} desired pods"
            f"{nodes}; steps {_seconds(errors.steps)}",
            highlight=False,
        )


def _as_recorded(measured: Measured, environment: Environment) -> Environment:
    """The run's scrape period, headroom and first nodes; where no nodes are recorded, as many as its pods take."""
    path = environment.path
    if measured.scrape_seconds is not None:
        path = replace(path, scrape=measured.scrape_seconds)
    headroom = Headroom(pods=measured.placeholders, request=environment.headroom.request)
    groups = environment.groups
    if measured.nodes is not None:
        first = replace(groups[0], min_nodes=min(int(measured.nodes[0]), groups[0].max_nodes))
        groups = (first, *groups[1:])
    return replace(environment, path=path, headroom=headroom, groups=groups)


def _setting(name: str) -> ShapeSetting:
    shape = CATALOG[name]
    return ShapeSetting(
        name=name,
        threshold=shape.threshold,
        min_pods=shape.min_pods,
        max_pods=shape.max_pods,
        request=request(shape.cpu_request, shape.memory_request),
        stop_seconds=_STOP_SECONDS,
        max_pods_field="",
    )


def _at_looks(measured: Measured, outcome: Outcome, column: int) -> Lines:
    recording = outcome.recording
    rows = np.minimum((measured.at / _TICK_SECONDS).astype(int), len(recording.ticks) - 1)
    return _lines(
        measured.at,
        measured.processes,
        np.array(recording.desired)[rows, column],
        np.array(recording.ready)[rows, column],
        None if measured.nodes is None else np.array(recording.nodes_ready).sum(axis=1)[rows],
    )


def _lines(at: Floats, processes: Floats, desired: Floats, ready: Floats, nodes: Floats | None) -> Lines:
    return Lines(
        at=tuple(np.round(at, 2).tolist()),
        processes=tuple(processes.tolist()),
        desired=tuple(desired.tolist()),
        ready=tuple(ready.tolist()),
        nodes=None if nodes is None else tuple(nodes.tolist()),
    )


def _errors(measured: Measured, simulated: Lines, steps: list[Step]) -> Errors:
    """Each look counts for the time until the next."""
    lasting = np.diff(measured.at, append=measured.at[-1])

    def mean(real: Floats, drawn: tuple[float, ...]) -> float:
        return round(float(np.average(np.abs(real - np.array(drawn)), weights=lasting)), 4)

    late = [abs(step.late) for step in steps if step.late is not None]
    nodes = None if measured.nodes is None or simulated.nodes is None else mean(measured.nodes, simulated.nodes)
    return Errors(
        ready_pods=mean(measured.ready, simulated.ready),
        desired_pods=mean(measured.desired, simulated.desired),
        nodes=nodes,
        steps=round(float(np.mean(late)), 2) if late else None,
    )


def _steps(measured: Measured, simulated: Lines, *, threshold: int, max_pods: int) -> list[Step]:
    at = measured.at
    load = steady(at, implied(measured.processes, threshold=threshold, max_pods=max_pods))
    edges = [*changes(load), len(load)]
    found = []
    for index, end in pairwise(edges):
        pods = load[index]
        reached = [
            _reached(at[index:end], line[index:end], pods) for line in (measured.ready, np.array(simulated.ready))
        ]
        if any(each is not None for each in reached):
            found.append(Step(at=round(float(at[index]), 2), pods=int(pods), measured=reached[0], simulated=reached[1]))
    return found


def _reached(at: Floats, line: Floats, pods: float) -> float | None:
    there = np.flatnonzero(line == pods)
    return round(float(at[there[0]] - at[0]), 2) if len(there) else None


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"
