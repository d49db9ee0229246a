"""Which pods may be moved off a node, by the rules that upstream documents."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from patchbay_standins.cluster_autoscaler.fit.selectors import selects
from patchbay_standins.cluster_autoscaler.flags import Options
from patchbay_standins.cluster_autoscaler.objects import DisruptionBudget, Pod
from patchbay_standins.cluster_autoscaler.pending import is_expendable

SAFE_TO_EVICT: Final = "cluster-autoscaler.kubernetes.io/safe-to-evict"
SAFE_VOLUMES: Final = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"
_CONTROLLERS: Final = frozenset({"DaemonSet", "Job", "ReplicaSet", "ReplicationController", "StatefulSet"})


@dataclass(frozen=True)
class Blocked:
    """Why a node stays: upstream's name of the reason, and the pod."""

    reason: str
    pod: Pod


def to_move(
    pods: Iterable[Pod], budgets: Sequence[DisruptionBudget], options: Options, *, needs_room: bool = True
) -> tuple[tuple[Pod, ...], Blocked | None]:
    """The pods that must find another node before this one may go, or what keeps it.

    With `needs_room` a budget that allows no disruption at the moment keeps the node; an eviction can wait for it.
    """
    moving: list[Pod] = []
    for pod in pods:
        if pod.is_mirror or pod.is_of_a_daemon_set or pod.is_terminating or is_expendable(pod, options):
            continue
        covering = [budget for budget in budgets if _covers(budget, pod)]
        reason = _refusal(pod, covering, options)
        if reason is None and needs_room and any(budget.status.disruptions_allowed < 1 for budget in covering):
            reason = "NotEnoughPdb"
        if reason is not None:
            return (), Blocked(reason, pod)
        moving.append(pod)
    return tuple(moving), None


def _refusal(pod: Pod, budgets: Sequence[DisruptionBudget], options: Options) -> str | None:
    """`budgets` cover the pod: one of the system is moved only where its owner says how many may go."""
    wish = pod.metadata.annotations.get(SAFE_TO_EVICT)
    if wish == "true":
        return None
    if not _is_replicated(pod, options):
        return "NotReplicated"
    if options.skip_nodes_with_system_pods and pod.metadata.namespace == "kube-system" and not budgets:
        return "UnmovableKubeSystemPod"
    if wish == "false":
        return "NotSafeToEvictAnnotation"
    if options.skip_nodes_with_local_storage and _has_local_storage(pod):
        return "LocalStorageRequested"
    return None


def _covers(budget: DisruptionBudget, pod: Pod) -> bool:
    return budget.metadata.namespace == pod.metadata.namespace and selects(budget.spec.selector, pod.metadata.labels)


def _is_replicated(pod: Pod, options: Options) -> bool:
    controller = pod.controller
    if controller is None:
        return False
    return controller.kind in _CONTROLLERS or not options.skip_nodes_with_custom_controller_pods


def _has_local_storage(pod: Pod) -> bool:
    """A directory on the node, other than one in memory, that the pod's annotation does not give up."""
    given_up = {name.strip() for name in pod.metadata.annotations.get(SAFE_VOLUMES, "").split(",")}
    return any(
        volume.name not in given_up
        and (volume.host_path is not None or (volume.empty_dir is not None and volume.empty_dir.medium != "Memory"))
        for volume in pod.spec.volumes
    )
