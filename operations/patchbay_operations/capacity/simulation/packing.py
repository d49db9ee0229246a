"""How many nodes pods take: the node autoscaler's estimate, first fit with the largest pods first."""

import numpy as np

from patchbay_operations.capacity.simulation.processes import Counts


def largest_first(requests: Counts, allocatable: Counts) -> Counts:
    """Kinds by the larger share of a node's cores or memory that one pod takes."""
    order: Counts = np.argsort(-(requests[:, :2] / allocatable[:2]).max(axis=1), kind="stable")
    return order


def fill(pending: Counts, requests: Counts, free: Counts, order: Counts) -> Counts:
    """What is left of the pending pods, by kind, after the nodes' `free` resources (changed in place) are filled."""
    left = pending.copy()
    for kind in order:
        if not left[kind] or not len(free):
            continue
        fits = (free // requests[kind]).min(axis=1).clip(0)
        taken = np.clip(left[kind] - (np.cumsum(fits) - fits), 0, fits)
        free -= taken[:, None] * requests[kind]
        left[kind] -= taken.sum()
    return left


def open_nodes(
    pending: Counts, requests: Counts, allocatable: Counts, most: int, order: Counts
) -> tuple[int, Counts, Counts]:
    """Nodes of one kind that the pods take, at most so many; what is left of the pods; the nodes' free resources."""
    nodes = np.zeros((0, 3), np.int64)
    left = pending.copy()
    for kind in order:
        one = np.zeros_like(left)
        one[kind] = left[kind]
        left[kind] = fill(one, requests, nodes, order)[kind]
        each = int((allocatable // requests[kind]).min())
        room = most - len(nodes)
        if not left[kind] or each <= 0 or room <= 0:
            continue
        placed = min(int(left[kind]), room * each)
        count = -(-placed // each)
        fresh = np.tile(allocatable - each * requests[kind], (count, 1))
        fresh[-1] += (count * each - placed) * requests[kind]
        nodes = np.concatenate((nodes, fresh))
        left[kind] -= placed
    return len(nodes), left, nodes
