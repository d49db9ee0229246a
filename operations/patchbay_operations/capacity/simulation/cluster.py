"""The pods' lives: created, waiting for a node, starting, ready, leaving; and the nodes they stand on."""

import heapq
from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from patchbay_operations.capacity.resources import Resources
from patchbay_operations.capacity.simulation.clock import Clock
from patchbay_operations.capacity.simulation.node_autoscaler import NodeAutoscaler
from patchbay_operations.capacity.simulation.nodes import READY, NodePool, Rows
from patchbay_operations.capacity.simulation.packing import largest_first
from patchbay_operations.capacity.simulation.processes import Counts
from patchbay_operations.capacity.simulation.scheduler import Scheduler
from patchbay_operations.capacity.simulation.setting import Environment, ShapeSetting
from patchbay_operations.capacity.timing import Timing


class Cluster:
    """By shape: `pods` that exist and are not leaving; of these `pending` have no node yet, and `ready` serve.

    `placeholders_pending`: the headroom's pods without a node. `held_back`: the quota keeps pods from being created,
    `over_quota` of them at most.
    """

    def __init__(
        self,
        environment: Environment,
        shapes: Sequence[ShapeSetting],
        timing: Timing,
        clock: Clock,
        *,
        random: np.random.Generator,
    ) -> None:
        self._shapes, self._clock, self._environment = shapes, clock, environment
        kinds: list[Resources] = [*(shape.request for shape in shapes), environment.headroom.request]
        self.pool = NodePool(environment.groups, kinds)
        self._scheduler = Scheduler(self.pool)
        self.autoscaler = NodeAutoscaler(
            self.pool, environment.nodes, clock, launch=self._launch, drain=self._drain, random=random
        )
        self._pod_start = clock.ticks(timing.pod_start_seconds)
        self._node_start = clock.ticks(timing.node_start_seconds)
        self._stop = [clock.period(shape.stop_seconds) for shape in shapes]
        self._tick = 0
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._number = 0
        self._dirty = True
        self._occupied = np.zeros_like(self.pool.free)
        count = len(shapes)
        self._existing = np.zeros(count, np.int64)
        self.held_back = False
        self.pending = np.zeros(count, np.int64)
        self.ready = np.zeros(count, np.int64)
        self._cohorts: list[deque[list[int]]] = [deque() for _ in shapes]
        self.placeholders_pending = environment.headroom.pods
        self.over_quota = 0
        self._order = largest_first(self.pool.requests, self.pool.allocatable[0])

    @property
    def pods(self) -> Counts:
        """By shape, with or without a node."""
        return self._existing

    def begin(self, wanted: Counts) -> None:
        """Stand as these pods would have settled: on ready nodes, ready themselves, the headroom in its place."""
        for group, setting in enumerate(self.pool.groups):
            self._join(self.pool.launch(group, setting.min_nodes))
        self.set_wanted(wanted)
        self._schedule()
        while self.unplaced.any() and self.autoscaler.scale_up(self.unplaced):
            while self._events:
                heapq.heappop(self._events)[2]()
            self._schedule()
        for index, cohorts in enumerate(self._cohorts):
            self.ready[index] += sum(count for _, count in cohorts)
            cohorts.clear()

    @property
    def unplaced(self) -> Counts:
        """Pods without a node, by kind, the placeholders last."""
        kinds: Counts = np.append(self.pending, self.placeholders_pending)
        return kinds

    def step(self, tick: int) -> None:
        """What is due by now: nodes join or go, pods become ready or have left; then pods are placed."""
        self._tick = tick
        while self._events and self._events[0][0] <= tick:
            heapq.heappop(self._events)[2]()
        for index, cohorts in enumerate(self._cohorts):
            while cohorts and cohorts[0][0] <= tick:
                self.ready[index] += cohorts.popleft()[1]

    def schedule(self) -> None:
        """Place what has no node, where something has changed since the last look."""
        if self._dirty:
            self._schedule()
        if self.autoscaler.due(self._tick):
            self.autoscaler.look(self._tick, self.unplaced)

    def set_wanted(self, wanted: Counts) -> None:
        """Create or take away pods, within the quota."""
        allowed = self._within_quota(wanted)
        for index in np.flatnonzero(allowed != self._existing):
            change = int(allowed[index] - self._existing[index])
            if change > 0:
                self.pending[index] += change
                self._existing[index] += change
                self._dirty = True
            else:
                self._take_away(int(index), -change)

    def occupy(self) -> None:
        """Something else takes all that is free on the nodes that are ready."""
        self._occupied = np.where((self.pool.state == READY)[:, None], self.pool.free, 0)
        self.pool.free -= self._occupied

    def vacate(self) -> None:
        """It goes again."""
        self.pool.free += self._occupied
        self._occupied = np.zeros_like(self.pool.free)
        self._dirty = True

    def _within_quota(self, wanted: Counts) -> Counts:
        """What there is stays; what comes on top is cut down where all would exceed the quota, for all shapes alike."""
        self.held_back = False
        quota = self._environment.quota
        if quota is None:
            return wanted
        limits = np.array([quota.cpu, quota.memory, quota.pods])
        requests = self.pool.requests[:-1]
        kept = np.minimum(wanted, self._existing)
        more = wanted - kept
        asked, room = more @ requests, np.maximum(limits - kept @ requests, 0)
        if (asked <= room).all():
            return wanted
        share = float((room[asked > 0] / asked[asked > 0]).min())
        allowed: Counts = kept + np.floor(more * share).astype(np.int64)
        self.held_back = True
        self.over_quota = max(self.over_quota, int((wanted - allowed).sum()))
        return allowed

    def _take_away(self, index: int, count: int) -> None:
        """Pods without a node go first, then those that are not ready yet, then ready ones, which finish their work."""
        self._existing[index] -= count
        unplaced = min(count, int(self.pending[index]))
        self.pending[index] -= unplaced
        count -= unplaced
        if not count:
            return
        rows = self._scheduler.take_away(index, count)
        np.add.at(self.pool.leaving, rows, 1)
        self._at(self._stop[index], lambda: self._free(rows, index))
        self._uncount(index, count)

    def _uncount(self, index: int, count: int) -> None:
        cohorts = self._cohorts[index]
        while count and cohorts:
            gone = min(count, cohorts[-1][1])
            cohorts[-1][1] -= gone
            count -= gone
            if not cohorts[-1][1]:
                cohorts.pop()
        self.ready[index] -= count

    def _schedule(self) -> None:
        self._dirty = False
        for kind in self._order:
            if kind == self._scheduler.placeholder or not self.pending[kind]:
                continue
            placed = self._scheduler.place(kind, int(self.pending[kind]))
            if placed < self.pending[kind]:
                pushed, evicted = self._scheduler.push_out(kind, int(self.pending[kind]) - placed)
                placed += pushed
                self.placeholders_pending += evicted
            self.pending[kind] -= placed
            self._start(int(kind), placed)
        if self.placeholders_pending:
            self.placeholders_pending -= self._scheduler.place(self._scheduler.placeholder, self.placeholders_pending)

    def _start(self, index: int, count: int) -> None:
        if count:
            self._cohorts[index].append([self._tick + self._pod_start, count])

    def _launch(self, group: int, count: int) -> None:
        rows = self.pool.launch(group, count)
        self._at(self._node_start, lambda: self._join(rows))

    def _join(self, rows: Rows) -> None:
        self.pool.join(rows)
        self._dirty = True

    def _free(self, rows: Rows, kind: int) -> None:
        np.add.at(self.pool.free, rows, self.pool.requests[kind])
        np.subtract.at(self.pool.leaving, rows, 1)
        self._dirty = True

    def _drain(self, row: int) -> bool:
        """Move a node's pods to others and give it back; False, with nothing changed, where they do not all fit."""
        pool = self.pool
        pods = pool.pods[row].copy()
        before = (pool.free.copy(), pool.pods.copy()) if pods.any() else None
        pool.cordon(row)
        for kind in np.flatnonzero(pods):
            if before and self._scheduler.place(int(kind), int(pods[kind])) < pods[kind]:
                pool.free[:], pool.pods[:] = before
                pool.uncordon(row)
                return False
        pool.pods[row] = 0
        for index in np.flatnonzero(pods[:-1]):
            self._uncount(int(index), int(pods[index]))
            self._start(int(index), int(pods[index]))
        stop = max((self._stop[index] for index in np.flatnonzero(pods[:-1])), default=0)
        self.autoscaler.draining += stop > 0
        self._at(stop, lambda: self._give_back(row, drained=stop > 0))
        return True

    def _give_back(self, row: int, *, drained: bool) -> None:
        self.pool.remove(row)
        self.autoscaler.draining -= drained

    def _at(self, ticks: int, action: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._events, (self._tick + ticks, self._number, action))
