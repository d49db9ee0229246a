"""How long a process runs: a log-normal by its mean and its 95th percentile, cut into ticks."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Annotated, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from patchbay_operations.inputs import Input

_Z95 = NormalDist().inv_cdf(0.95)
# A log-normal's 95th percentile is at most this many times its mean.
_WIDEST = math.exp(_Z95**2 / 2)
# Parts of equal probability that the distribution is cut into.
_FINE = 400
BINS = 32


class Seconds(Input):
    """Seconds of work of one process, without its waiting."""

    mean: Annotated[float, Field(gt=0, le=3600)]
    p95: Annotated[float, Field(gt=0, le=7200)]

    @model_validator(mode="after")
    def _is_a_distribution(self) -> Self:
        if self.p95 < self.mean:
            raise ValueError("p95 lies below the mean; set p95 to the mean (all take as long) or higher")
        if self.p95 > self.mean * _WIDEST:
            raise ValueError(
                f"p95 is more than {_WIDEST:.2f} times the mean, which no log-normal is; "
                "raise the mean, or plan the slow part as a shape of its own"
            )
        return self

    @property
    def sigma(self) -> float:
        """The standard deviation of the logarithm."""
        return _Z95 - math.sqrt(max(_Z95**2 - 2 * math.log(self.p95 / self.mean), 0.0))

    def parts(self, count: int) -> npt.NDArray[np.float64]:
        """The distribution's mean within each of `count` parts of equal probability, in seconds."""
        if self.sigma == 0:
            return np.full(count, self.mean)
        normal = NormalDist()
        # The partial mean of a log-normal below its quantile q is mean * Phi(z_q - sigma).
        below = [0.0, *(normal.cdf(normal.inv_cdf(q / count) - self.sigma) for q in range(1, count)), 1.0]
        return np.diff(np.array(below)) * self.mean * count


@dataclass(frozen=True)
class TickedService:
    """`stays`: the share of processes that still run at the end of the tick they start in.

    `ticks`: for those, how many ticks they hold a slot, in `BINS` parts of equal probability. Share and parts together
    keep the mean, however short a process is against a tick.
    """

    stays: float
    ticks: npt.NDArray[np.int64]


def ticked(seconds: Seconds, tick_seconds: float) -> TickedService:
    """The distribution for a simulation with ticks of this length."""
    lengths = seconds.parts(_FINE) / tick_seconds
    stays = np.minimum(lengths, 1.0)
    held = np.maximum(lengths, 1.0)
    # The held lengths, weighted by how often they stay, in parts of equal weight.
    weight = np.cumsum(stays) / stays.sum()
    totals = np.concatenate(([0.0], np.cumsum(stays * held))) / stays.sum()
    edges = np.interp(np.linspace(0, 1, BINS + 1), np.concatenate(([0.0], weight)), totals)
    means = np.diff(edges) * BINS
    # Whole ticks whose running sum stays nearest to the exact one.
    whole = np.diff(np.concatenate(([0.0], np.round(np.cumsum(means)))))
    return TickedService(stays=float(stays.mean()), ticks=np.maximum(whole, 1).astype(np.int64))
