"""Nodes and what stands on them, as arrays with a row per node that may be."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from patchbay_operations.capacity.resources import Resources
from patchbay_operations.capacity.simulation.setting import NodeGroup

Rows = npt.NDArray[np.intp]

ABSENT, LAUNCHING, READY, LEAVING = range(4)


class NodePool:
    """`kinds`: what one pod of each kind requests; the last kind is the headroom's placeholder.

    `pods[node, kind]` counts what is placed and stays, `leaving[node]` what is on its way out; `free[node]` is what
    the requests of both leave.
    """

    def __init__(self, groups: Sequence[NodeGroup], kinds: Sequence[Resources]) -> None:
        self.groups = groups
        self.requests = np.array(kinds, np.int64)
        rows = sum(group.max_nodes for group in groups)
        self.group = np.repeat(np.arange(len(groups)), [group.max_nodes for group in groups])
        self.allocatable = np.array([groups[int(index)].allocatable for index in self.group], np.int64).reshape(rows, 3)
        self.free = self.allocatable.copy()
        self.pods = np.zeros((rows, len(kinds)), np.int64)
        self.leaving = np.zeros(rows, np.int64)
        self.state = np.zeros(rows, np.int8)
        self.zone = np.zeros(rows, np.int64)
        self.zones = sorted({zone for group in groups for zone in group.zones})
        # Nodes that are paid for, and those that are ready, by group.
        self.billed = np.zeros(len(groups), np.int64)
        self.ready = np.zeros(len(groups), np.int64)

    def room(self, group: int) -> int:
        """How many nodes the group may still get."""
        return int(self.groups[group].max_nodes - self.billed[group])

    def launch(self, group: int, count: int) -> Rows:
        """Rows of new nodes, spread over the group's zones; they join later."""
        rows = np.flatnonzero((self.group == group) & (self.state == ABSENT))[:count]
        zones = [self.zones.index(zone) for zone in self.groups[group].zones]
        there = (self.group == group) & (self.state != ABSENT)
        number = np.bincount(self.zone[there], minlength=len(self.zones))
        for row in rows:
            zone = min(zones, key=lambda index: (number[index], index))
            self.zone[row] = zone
            number[zone] += 1
        self.state[rows] = LAUNCHING
        self.free[rows] = self.allocatable[rows]
        self.billed[group] += len(rows)
        return rows

    def join(self, rows: Rows) -> None:
        self.state[rows] = READY
        np.add.at(self.ready, self.group[rows], 1)

    def cordon(self, row: int) -> None:
        """No pod is placed on it any more."""
        self.state[row] = LEAVING
        self.ready[self.group[row]] -= 1

    def uncordon(self, row: int) -> None:
        """It takes pods again."""
        self.state[row] = READY
        self.ready[self.group[row]] += 1

    def remove(self, row: int) -> None:
        """It is terminated, and no longer paid for."""
        self.state[row] = ABSENT
        self.pods[row] = 0
        self.free[row] = self.allocatable[row]
        self.billed[self.group[row]] -= 1

    def put(self, rows: Rows, kind: int) -> None:
        """One pod on each of these nodes, which are all different."""
        self.pods[rows, kind] += 1
        self.free[rows] -= self.requests[kind]

    def utilization(self) -> npt.NDArray[np.float64]:
        """The larger share of cores or memory that requests take, by node."""
        shares: npt.NDArray[np.float64] = 1 - (self.free[:, :2] / self.allocatable[:, :2]).min(axis=1)
        return shares
