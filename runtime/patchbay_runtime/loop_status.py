"""How a program does that looks at something again and again, for its probes and metrics."""

import time

from prometheus_client import Gauge


class LoopStatus:
    """Set by the event loop, read by the probes' thread.

    `stalled_seconds`: without a look for so long, the loop no longer turns. `up`: 1 while the looks go well.
    """

    def __init__(self, stalled_seconds: float, up: Gauge) -> None:
        self._stalled_seconds = stalled_seconds
        self._up = up
        self._turned_at = time.monotonic()
        self._why_not = ["starting"]

    def looked(self, *why_not: str) -> None:
        """A look has ended: well, or the reasons."""
        self._turned_at = time.monotonic()
        self._why_not = list(why_not)
        self._up.set(not why_not)

    @property
    def alive(self) -> bool:
        """The event loop turns."""
        return time.monotonic() - self._turned_at < self._stalled_seconds

    def not_ready(self) -> list[str]:
        """Why the last look did not go well."""
        return self._why_not
