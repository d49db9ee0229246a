"""How much room the nodes have for pods. Pure functions over the API server's documents."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from patchbay_runtime.quantity import millicores, parse

from patchbay_loadtests.core.cluster import Document
from patchbay_loadtests.nodes.autoscaler import DRAINING_TAINT

_FINISHED: Final = frozenset({"Succeeded", "Failed"})
# Kubernetes' own taints: not ready, unreachable, unschedulable, short of something.
_STATES: Final = "node.kubernetes.io/"
_KEEPS_PODS_OFF: Final = frozenset({"NoSchedule", "NoExecute"})


@dataclass(frozen=True)
class Size:
    """CPU in millicores, memory in bytes."""

    cpu: int
    memory: int

    def __add__(self, other: "Size") -> "Size":
        return Size(self.cpu + other.cpu, self.memory + other.memory)

    def __sub__(self, other: "Size") -> "Size":
        return Size(self.cpu - other.cpu, self.memory - other.memory)

    def holds(self, pod: "Size") -> int:
        """How many pods of this size fit."""
        if self.cpu < 0 or self.memory < 0:
            return 0
        counts = [room // need for room, need in ((self.cpu, pod.cpu), (self.memory, pod.memory)) if need > 0]
        return min(counts, default=0)


NOTHING: Final = Size(0, 0)


def size(resources: Mapping[str, Any]) -> Size:
    """The CPU and memory of a resource list."""
    return Size(millicores(str(resources.get("cpu", 0))), ceil(parse(str(resources.get("memory", 0)))))


def requested(pod_spec: Mapping[str, Any]) -> Size:
    """What the scheduler reserves for a pod: its containers together, or its largest init container if that is more."""
    running = _sum(_requests(container) for container in pod_spec["containers"])
    starting = [_requests(container) for container in pod_spec.get("initContainers", [])]
    cpu = max([running.cpu, *(need.cpu for need in starting)])
    memory = max([running.memory, *(need.memory for need in starting)])
    return Size(cpu, memory) + size(pod_spec.get("overhead", {}))


def of_workers(nodes: Iterable[Document], pod_spec: Mapping[str, Any]) -> list[Document]:
    """The nodes that are there for such pods, also while they come up or are drained."""
    return [node for node in nodes if _is_for(node, pod_spec) and not _kept_off(node, pod_spec, passing=False)]


def usable(nodes: Iterable[Document], pod_spec: Mapping[str, Any]) -> list[Document]:
    """The nodes that the pod's node selector and tolerations let it run on, full or not."""
    return [node for node in of_workers(nodes, pod_spec) if not _kept_off(node, pod_spec, passing=True)]


def free(node: Document, pods: Sequence[Document]) -> Size:
    """What the node's pods leave of it; `pods` may be those of any node."""
    name = node["metadata"]["name"]
    taken = _sum(
        requested(pod["spec"])
        for pod in pods
        if pod["spec"].get("nodeName") == name and pod.get("status", {}).get("phase") not in _FINISHED
    )
    return size(node["status"]["allocatable"]) - taken


def _requests(container: Mapping[str, Any]) -> Size:
    return size(container.get("resources", {}).get("requests", {}))


def _sum(sizes: Iterable[Size]) -> Size:
    return sum(sizes, NOTHING)


def _is_for(node: Document, pod_spec: Mapping[str, Any]) -> bool:
    labels: Mapping[str, str] = node["metadata"].get("labels", {})
    return bool(pod_spec.get("nodeSelector", {}).items() <= labels.items())


def _kept_off(node: Document, pod_spec: Mapping[str, Any], *, passing: bool) -> bool:
    """Whether a taint keeps the pod off: one that says what state the node is in (`passing`), or one of its group's."""
    tolerations = pod_spec.get("tolerations", [])
    return any(
        not _tolerated(taint, tolerations)
        for taint in node["spec"].get("taints", [])
        if passing == (taint["key"] == DRAINING_TAINT or taint["key"].startswith(_STATES))
    )


def _tolerated(taint: Mapping[str, Any], tolerations: Iterable[Mapping[str, Any]]) -> bool:
    if taint["effect"] not in _KEEPS_PODS_OFF:
        return True
    return any(
        toleration.get("effect") in {None, "", taint["effect"]}
        and (
            (toleration.get("operator") == "Exists" and toleration.get("key") in {None, "", taint["key"]})
            or (toleration.get("key") == taint["key"] and toleration.get("value", "") == taint.get("value", ""))
        )
        for toleration in tolerations
    )
