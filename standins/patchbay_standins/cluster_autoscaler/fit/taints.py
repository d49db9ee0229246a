"""Taints and what tolerates them."""

from collections.abc import Iterable
from typing import Final

from patchbay_standins.cluster_autoscaler.objects import Node, Taint, Toleration

UNSCHEDULABLE: Final = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")
_REPELLING: Final = frozenset({"NoSchedule", "NoExecute"})


def of_node(node: Node) -> tuple[Taint, ...]:
    """The node's taints, and the one that stands for a cordoned node."""
    return (*node.spec.taints, UNSCHEDULABLE) if node.spec.unschedulable else node.spec.taints


def untolerated(tolerations: Iterable[Toleration], taints: Iterable[Taint]) -> Taint | None:
    """The first taint that keeps a pod with these tolerations away."""
    given = tuple(tolerations)
    for taint in taints:
        if taint.effect in _REPELLING and not any(_tolerates(toleration, taint) for toleration in given):
            return taint
    return None


def _tolerates(toleration: Toleration, taint: Taint) -> bool:
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    if toleration.operator == "Exists":
        return True
    return bool(toleration.key) and toleration.value == taint.value
