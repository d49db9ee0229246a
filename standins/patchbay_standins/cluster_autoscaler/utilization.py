"""How much of a node its pods ask for."""

from patchbay_standins.cluster_autoscaler.fit.snapshot import Place
from patchbay_standins.cluster_autoscaler.flags import Options
from patchbay_standins.cluster_autoscaler.objects import Pod

_GPU = "nvidia.com/gpu"


def utilization(place: Place, options: Options, *, ignore_daemon_sets: bool) -> float:
    """The larger share of CPU and memory that is requested, 0 to 1; of a node with GPUs, the share of these.

    Pods that cannot be moved off the node anyway count on neither side where the flags say so.
    """
    resources = (_GPU,) if place.node.status.allocatable.get(_GPU) else ("cpu", "memory")
    return max(_share(place, resource, options, ignore_daemon_sets) for resource in resources)


def _share(place: Place, resource: str, options: Options, ignore_daemon_sets: bool) -> float:
    offered = place.node.status.allocatable.get(resource, 0)
    wanted = 0
    for pod in place.pods:
        amount = pod.spec.requests.get(resource, 0)
        if _is_left_out(pod, options, ignore_daemon_sets):
            offered -= amount
        elif not pod.is_terminating:
            wanted += amount
    return wanted / offered if offered > 0 else 1.0


def _is_left_out(pod: Pod, options: Options, ignore_daemon_sets: bool) -> bool:
    return (ignore_daemon_sets and pod.is_of_a_daemon_set) or (options.ignore_mirror_pods_utilization and pod.is_mirror)
