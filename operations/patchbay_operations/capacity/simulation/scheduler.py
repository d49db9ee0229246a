"""Puts pods on nodes: over zones evenly, on the emptiest node that fits, at the placeholders' cost where none does."""

import numpy as np
import numpy.typing as npt

from patchbay_operations.capacity.simulation.nodes import READY, NodePool, Rows


class Scheduler:
    """`placeholder`: the kind that gives way to every other."""

    def __init__(self, pool: NodePool) -> None:
        self._pool = pool
        self.placeholder = len(pool.requests) - 1

    def place(self, kind: int, wanted: int) -> int:
        """Place up to so many pods of a kind; returns how many found room."""
        left = wanted
        while left:
            fits = (self._pool.state == READY) & (self._pool.free >= self._pool.requests[kind]).all(axis=1)
            rows = self._spread(kind, fits, left)
            if not len(rows):
                break
            self._pool.put(rows, kind)
            left -= len(rows)
        return wanted - left

    def push_out(self, kind: int, wanted: int) -> tuple[int, int]:
        """Place pods where placeholders stand; returns how many found room, and how many placeholders lost theirs."""
        pool, left, evicted = self._pool, wanted, 0
        held, request = pool.requests[self.placeholder], pool.requests[kind]
        while left and pool.pods[:, self.placeholder].any():
            missing = np.maximum(request - pool.free, 0)
            # How many placeholders a node must lose so that the pod fits.
            price = np.ceil(missing / np.maximum(held, 1)).max(axis=1).astype(np.int64)
            fits = (pool.state == READY) & (price <= pool.pods[:, self.placeholder])
            if not fits.any():
                break
            rows = self._spread(kind, fits & (price == price[fits].min()), left)
            pool.pods[rows, self.placeholder] -= price[rows]
            pool.free[rows] += price[rows][:, None] * held
            pool.put(rows, kind)
            evicted += int(price[rows].sum())
            left -= len(rows)
        return wanted - left, evicted

    def take_away(self, kind: int, count: int) -> Rows:
        """The nodes, one entry per pod, that pods of a kind leave: first where most of them stand together.

        Which pod goes first is decided by live load, which is alike for all pods of a shape here.
        """
        pool, taken = self._pool, []
        left = count
        while left:
            rows = np.flatnonzero(pool.pods[:, kind])
            if not len(rows):
                break
            most = pool.pods[rows, kind]
            rows = rows[most == most.max()][:left]
            pool.pods[rows, kind] -= 1
            taken.append(rows)
            left -= len(rows)
        return np.concatenate(taken) if taken else np.zeros(0, np.intp)

    def _spread(self, kind: int, fits: npt.NDArray[np.bool_], wanted: int) -> Rows:
        """At most one pod per node, for at most so many: the zone with the fewest first, then node with the fewest."""
        pool = self._pool
        rows = np.flatnonzero(fits)
        if len(rows) <= 1:
            return rows[:wanted]
        there = pool.pods[:, kind]
        free = (pool.free[rows, :2] / pool.allocatable[rows, :2]).sum(axis=1)
        rows = rows[np.lexsort((-free, there[rows]))]
        zones = pool.zone[rows]
        rank = np.empty(len(rows), np.int64)
        for zone in range(len(pool.zones)):
            of_zone = zones == zone
            rank[of_zone] = there[pool.zone == zone].sum() + np.arange(np.count_nonzero(of_zone))
        return rows[np.argsort(rank, kind="stable")[:wanted]]
