"""Load over time: points that are joined by lines, or a named curve."""

from itertools import pairwise
from typing import Annotated, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from patchbay_operations.inputs import Input

Floats = npt.NDArray[np.float64]

# (share of the profile's time, share of the way from the base to the peak)
_CURVES: dict[str, tuple[tuple[float, float], ...]] = {
    # Flat, as a soak test's.
    "steady": ((0.0, 0.0), (1.0, 0.0)),
    # Night, morning, a dip at noon, evening.
    "business-day": ((0.0, 0.0), (0.25, 0.05), (0.38, 0.9), (0.5, 0.7), (0.6, 1.0), (0.75, 0.4), (0.92, 0.0)),
    # A quiet start, a steep ramp, a hold, a fall.
    "black-friday": ((0.0, 0.0), (0.25, 0.0), (0.35, 1.0), (0.7, 1.0), (0.85, 0.1), (1.0, 0.0)),
    # The same height at once, for ten minutes of a day.
    "burst": ((0.0, 0.0), (0.5, 0.0), (0.5001, 1.0), (0.507, 1.0), (0.5071, 0.0), (1.0, 0.0)),
}
CurveName = Literal["steady", "business-day", "black-friday", "burst"]


class NamedCurve(Input):
    """`base` processes per minute, and `factor` times as many at the curve's peak."""

    curve: CurveName
    base: Annotated[float, Field(ge=0)]
    factor: Annotated[float, Field(ge=1, le=1000)] = 30

    def at(self, hours: Floats, duration: float) -> Floats:
        """Processes per minute at these hours of a profile of `duration` hours."""
        times, heights = zip(*_CURVES[self.curve], strict=True)
        shares = np.interp(hours / duration, times, heights)
        rates: Floats = self.base * (1 + (self.factor - 1) * shares)
        return rates


class Point(Input):
    """`hour`: since the profile's start."""

    hour: Annotated[float, Field(ge=0)]
    per_minute: Annotated[float, Field(ge=0)]


class Points(Input):
    """Joined by straight lines; the first and the last hold before and after."""

    points: Annotated[tuple[Point, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for before, after in pairwise(self.points):
            if after.hour <= before.hour:
                raise ValueError(f"hour {after.hour:g} stands after {before.hour:g}; put the points in order of time")
        return self

    def at(self, hours: Floats, _duration: float) -> Floats:
        """Processes per minute at these hours."""
        return np.interp(hours, [point.hour for point in self.points], [point.per_minute for point in self.points])
