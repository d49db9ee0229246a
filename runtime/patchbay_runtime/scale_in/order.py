"""Which pods get another cost, and when."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from patchbay_runtime.queue import host_of
from patchbay_runtime.scale_in.pods import Pod

SAME_POD_SECONDS = 3.0
"""A pod's cost is written at most this often: a write takes 12 ms of the control plane's CPU."""
BY_ONE_SECONDS = 15.0
"""The same where it is one more or one less: a busy pod's number is never still. Idle or not is no such case."""
MOST_AT_ONCE = 10


class Order:
    """The costs that pods have, and those that they should have: the number of processes that they run."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pods: dict[str, Pod] = {}
        self._written: dict[str, float] = {}

    def found(self, pods: Iterable[Pod]) -> None:
        """All pods that there are."""
        self._pods = {pod.name: pod for pod in pods}
        self._written = {name: at for name, at in self._written.items() if name in self._pods}

    def due(self, held: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
        """The pods to be written and their costs, those furthest off first.

        `held`: how many processes each worker holds, by shape and name. A shape with one pod has no order.
        """
        running: Counter[str] = Counter()
        for workers in held.values():
            for worker, count in workers.items():
                running[host_of(worker)] += count
        pods_of = Counter(pod.shape for pod in self._pods.values())
        wrong = [pod for pod in self._pods.values() if pods_of[pod.shape] > 1 and self._is_due(pod, running[pod.name])]
        wrong.sort(key=lambda pod: abs(running[pod.name] - pod.cost), reverse=True)
        return {pod.name: running[pod.name] for pod in wrong[:MOST_AT_ONCE]}

    def _is_due(self, pod: Pod, running: int) -> bool:
        if running == pod.cost:
            return False
        by_one = abs(running - pod.cost) == 1 and running > 0 and pod.cost > 0
        written_at = self._written.get(pod.name)
        return written_at is None or self._clock() - written_at >= (BY_ONE_SECONDS if by_one else SAME_POD_SECONDS)

    def written(self, name: str, cost: int) -> None:
        """The pod has this cost."""
        self._pods[name] = Pod(name, self._pods[name].shape, cost)
        self._written[name] = self._clock()

    def gone(self, name: str) -> None:
        """There is no such pod any more."""
        del self._pods[name]
