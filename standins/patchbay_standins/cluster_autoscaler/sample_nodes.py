"""What a new node of a group would be: a copy of one that it has, else of one that it had, else from AWS."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from patchbay_standins.cluster_autoscaler.aws.templates import READY, NoTemplateError, Templates
from patchbay_standins.cluster_autoscaler.fit import taints
from patchbay_standins.cluster_autoscaler.fit.selectors import wants_node
from patchbay_standins.cluster_autoscaler.fit.snapshot import Place
from patchbay_standins.cluster_autoscaler.flags import Options
from patchbay_standins.cluster_autoscaler.kube.node_marks import OURS
from patchbay_standins.cluster_autoscaler.objects import (
    DaemonSet,
    Metadata,
    Node,
    NodeSpec,
    NodeStatus,
    Pod,
    PodSpec,
    Toleration,
)
from patchbay_standins.cluster_autoscaler.state import GroupState

LOG: Final = logging.getLogger(__name__)

_HOSTNAME: Final = "kubernetes.io/hostname"
# Set and taken away by the node's own life; a new node is without them once it is ready.
_CONDITIONS: Final = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/")
# Added to a DaemonSet's pods by its controller.
_OF_DAEMON_SETS: Final = tuple(
    Toleration(key=f"node.kubernetes.io/{name}", operator="Exists")
    for name in ("not-ready", "unreachable", "disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")
)


class SampleNodes:
    """Keeps the last node seen of each group, for when it has none."""

    def __init__(self, templates: Templates, options: Options) -> None:
        self._templates = templates
        self._ignored = options.ignored_taints
        self._seen: dict[str, tuple[Node, tuple[Pod, ...]]] = {}

    def place(
        self, state: GroupState, pods: Mapping[str, Sequence[Pod]], daemon_sets: Iterable[DaemonSet]
    ) -> Place | None:
        """The node with the pods that it starts with; None where nothing tells what it would be."""
        name = state.group.name
        sample = next((node for node in state.ready if not node.spec.unschedulable), None)
        if sample is not None:
            mirrors = tuple(pod for pod in pods.get(sample.name, ()) if pod.is_mirror)
            self._seen[name] = (_cleaned(sample, name, self._ignored), mirrors)
        if name not in self._seen:
            try:
                node, mirrors = self._templates.node(state.group), ()
            except NoTemplateError as error:
                LOG.warning("no node can be added to %s: %s", name, error)
                return None
            node = _cleaned(node, name, self._ignored)
        else:
            node, mirrors = self._seen[name]
        return Place.of(node, (*mirrors, *daemon_pods(node, daemon_sets)))


def daemon_pods(node: Node, daemon_sets: Iterable[DaemonSet]) -> tuple[Pod, ...]:
    """A pod of each DaemonSet that runs on the node."""
    return tuple(
        Pod(
            metadata=Metadata(
                name=f"{item.metadata.name}-{node.name}",
                namespace=item.metadata.namespace,
                labels=item.spec.template.metadata.labels,
            ),
            spec=item.spec.template.spec,
        )
        for item in daemon_sets
        if _runs_on(item.spec.template.spec, node)
    )


def renamed(place: Place, name: str) -> Place:
    """Another node of the same kind."""
    labels = place.node.labels | {_HOSTNAME: name}
    node = place.node.model_copy(update={"metadata": Metadata(name=name, labels=labels)})
    return Place(node, place.pods, place.used, place.ports)


def _runs_on(spec: PodSpec, node: Node) -> bool:
    tolerations = (*spec.tolerations, *_OF_DAEMON_SETS)
    return wants_node(spec, node) and taints.untolerated(tolerations, taints.of_node(node)) is None


def _cleaned(node: Node, group: str, ignored: frozenset[str]) -> Node:
    name = f"template-of-{group}"
    kept = tuple(
        taint
        for taint in node.spec.taints
        if taint.key not in OURS and taint.key not in ignored and not taint.key.startswith(_CONDITIONS)
    )
    return node.model_copy(
        update={
            "metadata": Metadata(name=name, labels=node.labels | {_HOSTNAME: name}),
            "spec": NodeSpec(taints=kept),
            "status": NodeStatus.model_construct(
                capacity=node.status.capacity, allocatable=node.status.allocatable, conditions=(READY,)
            ),
        }
    )
