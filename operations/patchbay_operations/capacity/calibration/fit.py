"""The free times, read off a record's own legs."""

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np
import numpy.typing as npt

from patchbay_operations.capacity.calibration.measured import Floats, Measured
from patchbay_operations.capacity.simulation.setting import MetricPath, Phases
from patchbay_operations.capacity.timing import Timing

# The real period is the configured one and the work of a sync on top.
_LONGEST_PERIOD = 1.03
# A count that dips for less than this, as deliveries are replaced, has not changed the load.
DIP_SECONDS = 3.0


@dataclass(frozen=True)
class Fit:
    """`fitted`: the fields of `timing` that the record could tell; the others are kept.

    `phases` and `hpa_sync` are how this run's clocks happened to lie. They serve the comparison and go into no plan.
    """

    timing: Timing
    fitted: tuple[str, ...]
    phases: Phases
    hpa_sync: float


def fit(measured: Measured, path: MetricPath, known: Timing, *, threshold: int, max_pods: int) -> Fit:
    """What the record says, else what is known."""
    found: dict[str, float] = {}
    shown_after = _metric_legs(measured, threshold=threshold, max_pods=max_pods)
    if shown_after:
        wait = (path.scrape + path.evaluation + path.poll) / 2
        found["metric_delay_seconds"] = max(float(np.mean([leg for _, leg in shown_after])) - wait, 0.0)
    if measured.pod_starts:
        found["pod_start_seconds"] = median(measured.pod_starts)
    if measured.node_starts:
        found["node_start_seconds"] = median(measured.node_starts)
    timing = known.model_copy(update={name: round(value, 2) for name, value in found.items()})
    period, phase = _sync(measured, path.hpa_sync)
    seen = [at - timing.metric_delay_seconds for at, _ in shown_after]
    scrape = _phase(np.array(seen), path.scrape) if seen else None
    return Fit(timing=timing, fitted=tuple(found), phases=Phases(scrape=scrape, hpa_sync=phase), hpa_sync=period)


def steady(at: Floats, values: Floats) -> Floats:
    """The values without dips that are shorter than DIP_SECONDS, each value carried on for that long."""
    first = np.searchsorted(at, at - DIP_SECONDS)
    return np.array([values[low : index + 1].max() for index, low in enumerate(first)])


def implied(processes: Floats, *, threshold: int, max_pods: int) -> Floats:
    """The pods that the promise gives for these processes."""
    pods: Floats = np.minimum(np.floor(processes / threshold) + 1, max_pods)
    return pods


def changes(values: Floats) -> npt.NDArray[np.intp]:
    """The entries at which a line changes."""
    return np.flatnonzero(np.diff(values)) + 1


def _metric_legs(measured: Measured, *, threshold: int, max_pods: int) -> list[tuple[float, float]]:
    """For each rise of the load: when the metric showed all of it, and how long after the load was there."""
    if measured.shown is None:
        return []
    load = steady(measured.at, implied(measured.processes, threshold=threshold, max_pods=max_pods))
    shown = np.minimum(measured.shown, max_pods)
    legs = []
    edges = [*changes(load), len(load)]
    for index, end in pairwise(edges):
        if load[index] <= load[index - 1] or shown[index] >= load[index]:
            continue
        seen = np.flatnonzero(shown[index:end] >= load[index])
        if len(seen):
            at = measured.at[index + seen[0]]
            legs.append((float(at), float(at - measured.at[index])))
    return legs


def _sync(measured: Measured, configured: float) -> tuple[float, float | None]:
    """The period and the phase of the autoscaler's syncs, by when the desired pods changed."""
    times = measured.at[changes(measured.desired)]
    if not len(times):
        return configured, None
    if len(times) == 1:
        return configured, _phase(times, configured)
    periods = np.linspace(configured, configured * _LONGEST_PERIOD, 61)
    period = float(max(periods, key=lambda each: _unanimity(times, each)))
    return period, _phase(times, period)


def _unanimity(times: Floats, period: float) -> float:
    """How well times agree on a phase: 1 all the same, 0 all over the period."""
    return float(abs(np.exp(2j * np.pi * times / period).mean()))


def _phase(times: Floats, period: float) -> float:
    angle = float(np.angle(np.exp(2j * np.pi * times / period).mean()))
    return angle / (2 * math.pi) * period % period
