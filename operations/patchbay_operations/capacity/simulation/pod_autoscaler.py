"""One horizontal pod autoscaler per shape, as KEDA makes them."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from patchbay_operations.capacity.simulation.clock import Clock
from patchbay_operations.capacity.simulation.processes import Counts
from patchbay_operations.capacity.simulation.setting import MetricPath, Phases, ShapeSetting

# A scale-down that is taken back sooner has cost more, in new pods, than it has saved.
UNDONE_SECONDS: Final = 120.0


class PodAutoscalers:
    """`desired`: pods by shape. `capped`: ticks in which each shape's maximum held the number down.

    `scaled_down`: how often each shape's pods became fewer; `undone`: how often they became more again within
    UNDONE_SECONDS.
    """

    def __init__(
        self,
        shapes: Sequence[ShapeSetting],
        path: MetricPath,
        clock: Clock,
        phases: Phases,
        *,
        random: np.random.Generator,
    ) -> None:
        self._shapes = shapes
        self._clock, self._period = clock, path.hpa_sync
        self._window = clock.ticks(path.scale_down)
        self.desired = np.array([max(shape.min_pods, 1) for shape in shapes], np.int64)
        self.capped = np.zeros(len(shapes), np.int64)
        self.scaled_down = np.zeros(len(shapes), np.int64)
        self.undone = np.zeros(len(shapes), np.int64)
        # The tick of each shape's latest scale-down that nothing has followed yet.
        self._fell: dict[int, int] = {}
        # Highest recommendation first: one that a later, higher one outlives is dropped.
        self._recommended: list[deque[tuple[int, int]]] = [deque() for _ in shapes]
        # The tick of each next sync, with the shapes and their times in seconds: a period need not be whole ticks.
        self._due: dict[int, list[tuple[int, float]]] = {}
        for index in range(len(shapes)):
            drawn = random.uniform(0, path.hpa_sync)
            self._sync_at(index, drawn if phases.hpa_sync is None else phases.hpa_sync % path.hpa_sync)

    def recommendation(self, index: int, count: int) -> int:
        """The promise: a pod for each full threshold and one more, within the shape's bounds."""
        shape = self._shapes[index]
        return min(max(self._wanted(index, count), shape.min_pods), shape.max_pods)

    def _sync_at(self, index: int, seconds: float) -> None:
        self._due.setdefault(self._clock.ticks(seconds), []).append((index, seconds))

    def _wanted(self, index: int, count: int) -> int:
        return count // self._shapes[index].threshold + 1

    def begin(self, counts: Counts) -> None:
        """Stand where these counts have led to."""
        for index, count in enumerate(counts):
            self.desired[index] = self.recommendation(index, int(count))
            self._recommended[index].append((0, int(self.desired[index])))

    def sync(self, tick: int, shown: Counts) -> Iterator[int]:
        """The shapes whose desired pods change in this tick."""
        for index, seconds in self._due.pop(tick, ()):
            self._sync_at(index, seconds + self._period)
            now = self.recommendation(index, int(shown[index]))
            if self._wanted(index, int(shown[index])) > now:
                self.capped[index] += self._clock.ticks(self._period)
            recent = self._recommended[index]
            while recent and recent[0][0] <= tick - self._window:
                recent.popleft()
            while recent and recent[-1][1] <= now:
                recent.pop()
            recent.append((tick, now))
            before = int(self.desired[index])
            after = now if now >= before else min(before, recent[0][1])
            if after != before:
                self.desired[index] = after
                self._note(index, tick, fewer=after < before)
                yield index

    def _note(self, index: int, tick: int, *, fewer: bool) -> None:
        if fewer:
            self.scaled_down[index] += 1
            self._fell[index] = tick
        elif (fell := self._fell.pop(index, None)) is not None:
            self.undone[index] += tick - fell <= self._clock.period(UNDONE_SECONDS)
