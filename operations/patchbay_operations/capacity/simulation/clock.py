"""Seconds and ticks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """`tick_seconds`: how long a tick is."""

    tick_seconds: float

    def ticks(self, seconds: float) -> int:
        """The nearest whole number of ticks."""
        return round(seconds / self.tick_seconds)

    def period(self, seconds: float) -> int:
        """As ticks, but never none."""
        return max(self.ticks(seconds), 1)
