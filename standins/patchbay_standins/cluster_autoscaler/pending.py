"""Which pods wait for a node."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from patchbay_standins.cluster_autoscaler import durations
from patchbay_standins.cluster_autoscaler.fit.placing import by_priority, priority
from patchbay_standins.cluster_autoscaler.fit.snapshot import Snapshot
from patchbay_standins.cluster_autoscaler.flags import Options
from patchbay_standins.cluster_autoscaler.objects import Pod

DELAY_ANNOTATION: Final = "cluster-autoscaler.kubernetes.io/pod-scale-up-delay"
# Without bypassed schedulers, pods this young may be the first of a group that is still being made.
_YOUNG_SECONDS: Final = 2.0


@dataclass(frozen=True)
class Pending:
    """`unschedulable` fit nowhere as the scheduler says; `unprocessed` it has not looked at yet."""

    unschedulable: tuple[Pod, ...]
    unprocessed: tuple[Pod, ...]

    @property
    def pods(self) -> list[Pod]:
        return by_priority((*self.unschedulable, *self.unprocessed))


def is_expendable(pod: Pod, options: Options) -> bool:
    """Whether the pod neither brings nor keeps a node."""
    return pod.spec.priority is not None and pod.spec.priority < options.expendable_pods_priority_cutoff


def find(pods: Iterable[Pod], options: Options, wall: datetime) -> Pending:
    """Those that count: not expendable, of no DaemonSet (each has its node), and old enough where a delay is set."""
    unschedulable: list[Pod] = []
    unprocessed: list[Pod] = []
    for pod in pods:
        if pod.spec.node_name or pod.is_terminating or pod.is_of_a_daemon_set or is_expendable(pod, options):
            continue
        reason = _waits_because(pod)
        if _age(pod, wall) < _delay(pod, options):
            continue
        if reason == "Unschedulable":
            unschedulable.append(pod)
        elif reason is None and pod.spec.scheduler_name in options.bypassed_scheduler_names:
            unprocessed.append(pod)
    return Pending(tuple(unschedulable), tuple(unprocessed))


def are_all_young(pods: Iterable[Pod], options: Options, wall: datetime) -> bool:
    """Whether more like these may be about to come, so that one look at all of them is worth a scan's wait."""
    return not options.bypassed_scheduler_names and all(_age(pod, wall) < _YOUNG_SECONDS for pod in pods)


def without_preempting(pods: Iterable[Pod], snapshot: Snapshot) -> list[Pod]:
    """Puts the pods that wait only for others to leave on the node promised to them; returns the rest."""
    left: list[Pod] = []
    for pod in pods:
        node = pod.status.nominated_node_name
        if node and node in snapshot and snapshot[node].is_open:
            _push_out(snapshot, node, pod)
            snapshot.put(pod.on(node), node)
        else:
            left.append(pod)
    return left


def _push_out(snapshot: Snapshot, node: str, pod: Pod) -> None:
    """Those that the scheduler has begun to remove for the pod no longer count."""
    place = snapshot.remove(node)
    staying = [other for other in place.pods if not (other.is_terminating and priority(other) < priority(pod))]
    snapshot.add(place.of(place.node, staying, is_open=place.is_open))


def _waits_because(pod: Pod) -> str | None:
    for condition in pod.status.conditions:
        if condition.type == "PodScheduled" and condition.status == "False":
            return condition.reason
    return None


def _age(pod: Pod, wall: datetime) -> float:
    return (wall - pod.metadata.creation_timestamp).total_seconds()


def _delay(pod: Pod, options: Options) -> float:
    text = pod.metadata.annotations.get(DELAY_ANNOTATION)
    if text is None:
        return options.new_pod_scale_up_delay
    try:
        return max(options.new_pod_scale_up_delay, durations.parse(text))
    except ValueError:
        return options.new_pod_scale_up_delay
