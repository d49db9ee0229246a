"""The cluster autoscaler: a node for pods that fit on none, and none for nodes that stand idle."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from patchbay_operations.capacity.simulation.clock import Clock
from patchbay_operations.capacity.simulation.nodes import LAUNCHING, READY, NodePool
from patchbay_operations.capacity.simulation.packing import fill, largest_first, open_nodes
from patchbay_operations.capacity.simulation.processes import Counts
from patchbay_operations.capacity.simulation.setting import Expander, NodeGroup, NodeScaling

_NEVER = -1
# Below every one that can be given.
_NO_PRIORITY = -1


@dataclass(frozen=True)
class _Option:
    """What a scale-up with one kind of node would be. `helped`: pods that would find room; `priority`: -1 = none."""

    template: str
    nodes: int
    helped: int
    waste: float
    priority: int


class NodeAutoscaler:
    """`drain(row)` moves a node's pods elsewhere, or returns False; `launch(group, count)` asks for nodes.

    `refused`: by group, the most pods that went without a node while it was full; `refused_by_total`: the same while
    all groups together were.
    """

    def __init__(
        self,
        pool: NodePool,
        scaling: NodeScaling,
        clock: Clock,
        *,
        launch: Callable[[int, int], None],
        drain: Callable[[int], bool],
        random: np.random.Generator,
    ) -> None:
        self._pool, self._scaling, self._random = pool, scaling, random
        self._launch, self._drain = launch, drain
        self._scan = clock.period(scaling.scan)
        self._unneeded = clock.ticks(scaling.unneeded)
        self._delay_after_add = clock.ticks(scaling.delay_after_add)
        self._unneeded_since = np.full(len(pool.group), _NEVER, np.int64)
        self._added_at = -self._delay_after_add
        self._templates: dict[str, list[int]] = {}
        for index, group in enumerate(pool.groups):
            self._templates.setdefault(group.template, []).append(index)
        self.refused = np.zeros(len(pool.groups), np.int64)
        self.refused_by_total = 0
        self.draining = 0

    def due(self, tick: int) -> bool:
        """Whether it looks in this tick."""
        return tick % self._scan == 0

    def look(self, tick: int, pending: Counts) -> None:
        """`pending`: pods that fit on no node, by kind, the placeholders last."""
        if pending.any() and self.scale_up(pending):
            self._added_at = tick
        self._watch(tick)
        if tick - self._added_at >= self._delay_after_add:
            self._scale_down(tick)

    def scale_up(self, pending: Counts) -> bool:
        """Ask for the nodes that the best option takes; False: there are none to be had, or those under way do."""
        pool = self._pool
        order = largest_first(pool.requests, pool.allocatable[0])
        left = fill(pending, pool.requests, pool.free[pool.state == LAUNCHING], order)
        if not left.any():
            return False
        options = list(self._options(left, order))
        self._note_refusals(left, options)
        if not options:
            return False
        self._share_out(self._chosen(options))
        return True

    def _options(self, pending: Counts, order: Counts) -> Iterator[_Option]:
        pool = self._pool
        total = self._scaling.most_nodes
        allowed = len(pool.group) if total is None else max(total - int(pool.billed.sum()), 0)
        for template, groups in self._templates.items():
            room = min(sum(pool.room(group) for group in groups), allowed)
            row = int(np.argmax(pool.group == groups[0]))
            allocatable = pool.allocatable[row]
            nodes, left, free = open_nodes(pending, pool.requests, allocatable, room, order)
            if nodes:
                yield _Option(
                    template=template,
                    nodes=nodes,
                    helped=int((pending - left).sum()),
                    waste=float((free[:, :2].sum(axis=0) / (nodes * allocatable[:2])).mean()),
                    priority=max(_priority(pool.groups[group]) for group in groups),
                )

    def _chosen(self, options: list[_Option]) -> _Option:
        for expander in self._scaling.expanders:
            costs = [_cost(option, expander) for option in options]
            least = min(costs)
            options = [option for option, cost in zip(options, costs, strict=True) if cost <= least + 1e-9]
        # What is left as good as each other, upstream decides by chance.
        return options[int(self._random.integers(len(options)))]

    def _share_out(self, option: _Option) -> None:
        """Among the groups of a template, the smallest first."""
        pool, wanted = self._pool, dict.fromkeys(self._templates[option.template], 0)
        for _ in range(option.nodes):
            open_groups = [group for group in wanted if pool.room(group) > wanted[group]]
            smallest = min(open_groups, key=lambda group: (pool.billed[group] + wanted[group], group))
            wanted[smallest] += 1
        for group, count in wanted.items():
            if count:
                self._launch(group, count)

    def _note_refusals(self, pending: Counts, options: list[_Option]) -> None:
        """Upstream takes one option at a time; only what the fullest of them leaves over has to do with limits."""
        missing = int(pending.sum()) - max((option.helped for option in options), default=0)
        if not missing:
            return
        total = self._scaling.most_nodes
        if total is not None and self._pool.billed.sum() + max((each.nodes for each in options), default=0) >= total:
            self.refused_by_total = max(self.refused_by_total, missing)
        wanted = {option.template: option.nodes for option in options}
        for template, groups in self._templates.items():
            if sum(self._pool.room(group) for group in groups) <= wanted.get(template, 0):
                self.refused[groups] = np.maximum(self.refused[groups], missing)

    def _watch(self, tick: int) -> None:
        """Note since when nodes could do without: idle enough, and their pods would fit on the rest together."""
        pool = self._pool
        ready = pool.state == READY
        settled = ready & (pool.leaving == 0)
        rows = np.flatnonzero(settled & (pool.utilization() < self._scaling.utilization_threshold))
        rows = rows[np.argsort(pool.utilization()[rows], kind="stable")]
        used = (pool.allocatable[rows] - pool.free[rows]).cumsum(axis=0)
        elsewhere = pool.free[ready].sum(axis=0) - pool.free[rows].cumsum(axis=0)
        fits = (used <= elsewhere).all(axis=1)
        # Those before the first that does not fit; empty nodes come first and always fit.
        rows = rows[: int(np.argmin(fits)) if not fits.all() else len(rows)]
        unneeded = np.zeros(len(ready), np.bool_)
        unneeded[rows] = True
        since = self._unneeded_since
        since[~unneeded] = _NEVER
        since[unneeded & (since == _NEVER)] = tick

    def _scale_down(self, tick: int) -> None:
        pool, since = self._pool, self._unneeded_since
        rows = np.flatnonzero((since != _NEVER) & (tick - since >= self._unneeded))
        removed = drained = 0
        for row in rows[np.argsort(pool.utilization()[rows], kind="stable")]:
            group = pool.group[row]
            if pool.billed[group] <= pool.groups[group].min_nodes:
                continue
            empty = not pool.pods[row].any()
            if empty and removed < self._scaling.most_removed:
                removed += self._drain(int(row))
            elif not empty and drained == 0 and self.draining < self._scaling.most_drained:
                drained += 1
                self._drain(int(row))


def _priority(group: NodeGroup) -> int:
    return _NO_PRIORITY if group.priority is None else group.priority


def _cost(option: _Option, expander: Expander) -> float:
    """What the expander keeps the least of."""
    match expander:
        case "priority":
            return -option.priority
        case "least-waste":
            return option.waste
        case "most-pods":
            return -option.helped
        case "least-nodes":
            return option.nodes
        case "random":
            return 0
