"""What the pod autoscalers see of the counts, and when."""

from collections import deque

import numpy as np

from patchbay_operations.capacity.simulation.clock import Clock
from patchbay_operations.capacity.simulation.processes import Counts
from patchbay_operations.capacity.simulation.setting import MetricPath, Phases


class Metric:
    """Counts are taken at each scrape and shown some time after; rules and polls, where on the path, hold them back."""

    def __init__(
        self,
        path: MetricPath,
        delay_seconds: float,
        clock: Clock,
        phases: Phases,
        *,
        shapes: int,
        random: np.random.Generator,
    ) -> None:
        self._scrape = clock.period(path.scrape)
        scrape_phase = phases.scrape if phases.scrape is not None else random.uniform(0, path.scrape)
        self._scrape_at = clock.ticks(scrape_phase) % self._scrape
        self._held = [clock.period(period) for period in (path.evaluation, path.poll) if period]
        self._held_at = [int(random.integers(period)) for period in self._held]
        self._stages = [np.zeros(shapes, np.int64) for _ in range(len(self._held) + 1)]
        self._delay = clock.ticks(delay_seconds)
        self._under_way: deque[tuple[int, Counts]] = deque()

    def begin(self, counts: Counts) -> None:
        """What has been seen all along."""
        self._stages = [counts.copy() for _ in self._stages]

    def step(self, tick: int, waiting: Counts, running: Counts) -> None:
        if tick % self._scrape == self._scrape_at:
            self._under_way.append((tick + self._delay, waiting + running))
        while self._under_way and self._under_way[0][0] <= tick:
            self._stages[0] = self._under_way.popleft()[1]
        for stage, (period, at) in enumerate(zip(self._held, self._held_at, strict=True)):
            if tick % period == at:
                self._stages[stage + 1] = self._stages[stage]

    @property
    def shown(self) -> Counts:
        """Waiting and running together, by shape."""
        return self._stages[-1]
