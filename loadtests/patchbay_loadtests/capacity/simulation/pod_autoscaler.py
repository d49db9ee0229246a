"""One horizontal pod autoscaler per shape, as KEDA makes them."""

from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np

from patchbay_loadtests.capacity.simulation.clock import Clock
from patchbay_loadtests.capacity.simulation.processes import Counts
from patchbay_loadtests.capacity.simulation.setting import MetricPath, Phases, ShapeSetting


class PodAutoscalers:
    """`desired`: pods by shape. `overflow`: by how many pods the load has exceeded each shape's maximum at most."""

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
        self._period = clock.period(path.hpa_sync)
        self._window = clock.ticks(path.scale_down)
        self.desired = np.array([max(shape.min_pods, 1) for shape in shapes], np.int64)
        self.overflow = np.zeros(len(shapes), np.int64)
        # Highest recommendation first: one that a later, higher one outlives is dropped.
        self._recommended: list[deque[tuple[int, int]]] = [deque() for _ in shapes]
        self._due: dict[int, list[int]] = {}
        for index in range(len(shapes)):
            drawn = random.uniform(0, path.hpa_sync)
            phase = clock.ticks(drawn if phases.hpa_sync is None else phases.hpa_sync) % self._period
            self._due.setdefault(phase, []).append(index)

    def recommendation(self, index: int, count: int) -> int:
        """The promise: a pod for each full threshold and one more, within the shape's bounds."""
        shape = self._shapes[index]
        wanted = count // shape.threshold + 1
        self.overflow[index] = max(self.overflow[index], wanted - shape.max_pods)
        return min(max(wanted, shape.min_pods), shape.max_pods)

    def begin(self, counts: Counts) -> None:
        """Stand where these counts have led to."""
        for index, count in enumerate(counts):
            self.desired[index] = self.recommendation(index, int(count))
            self._recommended[index].append((0, int(self.desired[index])))

    def sync(self, tick: int, shown: Counts) -> Iterator[int]:
        """The shapes whose desired pods change in this tick."""
        for index in self._due.get(tick % self._period, ()):
            now = self.recommendation(index, int(shown[index]))
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
                yield index
