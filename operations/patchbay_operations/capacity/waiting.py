"""How long processes wait for a slot: first come, first served, read off what arrived and what was started."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from patchbay_operations.capacity.simulation.processes import Counts

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Waits:
    """Groups of processes that arrived in one tick and were started in one tick: how many, and how long they waited."""

    arrived: Counts
    number: Counts
    seconds: Floats

    def mean(self) -> float:
        total = self.number.sum()
        return float((self.seconds * self.number).sum() / total) if total else 0.0

    def longest(self) -> float:
        return float(self.seconds.max(initial=0.0))

    def percentile(self, percent: float) -> float:
        """The smallest wait that so many of a hundred processes do not exceed."""
        if not len(self.number):
            return 0.0
        order = np.argsort(self.seconds, kind="stable")
        reached = np.searchsorted(np.cumsum(self.number[order]), self.number.sum() * percent / 100)
        return float(self.seconds[order][min(reached, len(order) - 1)])

    def between(self, first: int, end: int) -> "Waits":
        """Those that arrived in these ticks; the groups lie in order of arrival."""
        low, high = np.searchsorted(self.arrived, [first, end])
        return Waits(self.arrived[low:high], self.number[low:high], self.seconds[low:high])


def waits(arrivals: Counts, starts: Counts, tick_seconds: float) -> Waits:
    """One shape's waits. `arrivals`, `starts`: running sums by tick.

    A process that is never started waits until the end at least, and counts with that.
    """
    bounds = np.union1d(arrivals, starts)
    bounds = bounds[(bounds > 0) & (bounds <= arrivals[-1])]
    number = np.diff(bounds, prepend=0)
    arrived = np.searchsorted(arrivals, bounds)
    started = np.minimum(np.searchsorted(starts, bounds), len(starts))
    return Waits(arrived=arrived, number=number, seconds=(started - arrived) * tick_seconds)


def together(parts: list[Waits]) -> Waits:
    """Several shapes' waits as one."""
    arrived = np.concatenate([part.arrived for part in parts])
    order = np.argsort(arrived, kind="stable")
    return Waits(
        arrived=arrived[order],
        number=np.concatenate([part.number for part in parts])[order],
        seconds=np.concatenate([part.seconds for part in parts])[order],
    )
