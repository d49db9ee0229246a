"""Percentiles of a handful of measurements."""

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile: the smallest value that at least `percent` of 100 of the values do not exceed.

    It is always one of the values, so that a p95 of ten repeats is the slowest one and nothing made up between two.
    """
    if not values:
        raise ValueError("no values to take a percentile of")
    if not 0 < percent <= 100:
        raise ValueError(f"percent must lie in (0, 100], not {percent}")
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]
