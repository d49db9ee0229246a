"""How long a worker's hold on its processes lasts, and how often it looks after them."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Pace:
    """Seconds; the same for all workers of a shape.

    `lease`: a process whose worker has not renewed it for this long is another worker's. `renew`: how often it is
    renewed. `reclaim`: how often a worker looks for what no living one holds.
    """

    lease: float = 9.0
    renew: float = 2.0
    reclaim: float = 1.0

    @property
    def lease_ms(self) -> int:
        """The lease as Redis counts."""
        return round(self.lease * 1000)


USUAL_PACE: Final = Pace()
