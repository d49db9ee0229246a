"""Putting pods on the nodes there are."""

from collections.abc import Iterable
from typing import Final

from patchbay_standins.cluster_autoscaler.fit.filters import demand
from patchbay_standins.cluster_autoscaler.fit.snapshot import Snapshot
from patchbay_standins.cluster_autoscaler.objects import Pod

DEFAULT_PRIORITY: Final = 0


def by_priority(pods: Iterable[Pod]) -> list[Pod]:
    """In the order in which the scheduler takes them."""
    return sorted(pods, key=lambda pod: (-priority(pod), pod.metadata.creation_timestamp, pod.key))


def priority(pod: Pod) -> int:
    return DEFAULT_PRIORITY if pod.spec.priority is None else pod.spec.priority


def place_all(pods: Iterable[Pod], snapshot: Snapshot) -> tuple[list[Pod], list[Pod]]:
    """Changes the snapshot by each pod that fits. Returns those placed, bound to their node, and those left."""
    placed: list[Pod] = []
    left: list[Pod] = []
    hopeless: set[str] = set()  # pods come and none goes: what fitted nowhere once does not later
    for pod in pods:
        kind = pod.equivalence
        node = None if kind in hopeless else find(pod, snapshot)
        if node is None:
            # Only affinity can make room: a neighbour that has come may be the one that was missed.
            if not pod.spec.affinity.pod_affinity.required and not pod.spec.topology_spread_constraints:
                hopeless.add(kind)
            left.append(pod)
        else:
            bound = pod.on(node)
            snapshot.put(bound, node)
            placed.append(bound)
    return placed, left


def find(pod: Pod, snapshot: Snapshot) -> str | None:
    """The first node that the pod fits on."""
    asked = demand(pod, snapshot)
    return next((place.node.name for place in snapshot if asked.refusal(place) is None), None)
