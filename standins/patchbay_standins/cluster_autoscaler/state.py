"""How the groups stand: which of their instances are nodes, and which are yet to come."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from patchbay_standins.cluster_autoscaler.aws.groups import Instance, NodeGroup
from patchbay_standins.cluster_autoscaler.group_options import GroupOptions
from patchbay_standins.cluster_autoscaler.kube.node_marks import TO_BE_DELETED, has
from patchbay_standins.cluster_autoscaler.objects import Node

# A node that is not ready and younger than this is still starting.
STARTING_SECONDS: Final = 900.0


@dataclass(frozen=True)
class GroupState:
    """A group's nodes, and its instances that are no nodes (`late`: for longer than a node may take)."""

    group: NodeGroup
    options: GroupOptions
    ready: tuple[Node, ...]
    unready: tuple[Node, ...]
    starting: tuple[Node, ...]
    leaving: tuple[Node, ...]
    unregistered: tuple[Instance, ...]
    late: tuple[Instance, ...]

    @property
    def upcoming(self) -> int:
        """Nodes that were asked for and will be ready."""
        return self.group.owed + len(self.unregistered) + len(self.starting)

    @property
    def registered(self) -> tuple[Node, ...]:
        return (*self.ready, *self.unready, *self.starting, *self.leaving)

    @property
    def candidates(self) -> tuple[Node, ...]:
        """Nodes that may be considered for removal."""
        return (*self.ready, *self.unready)


class Registrations:
    """Since when each instance has been waited for."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def states(
        self,
        groups: Mapping[str, NodeGroup],
        nodes: Iterable[Node],
        options: Mapping[str, GroupOptions],
        now: float,
        wall: datetime,
    ) -> dict[str, GroupState]:
        """Each group's state by its name. `now` is of the monotonic clock, `wall` is what Kubernetes' times are of."""
        by_instance = {node.instance: node for node in nodes if node.instance}
        waiting = {
            instance.id for group in groups.values() for instance in group.present if instance.id not in by_instance
        }
        self._since = {instance: self._since.get(instance, now) for instance in waiting}
        return {name: self._state(group, by_instance, options[name], now, wall) for name, group in groups.items()}

    def _state(
        self, group: NodeGroup, nodes: Mapping[str, Node], options: GroupOptions, now: float, wall: datetime
    ) -> GroupState:
        ready: list[Node] = []
        unready: list[Node] = []
        starting: list[Node] = []
        unregistered: list[Instance] = []
        late: list[Instance] = []
        leaving = [nodes[instance.id] for instance in group.instances if instance.is_leaving and instance.id in nodes]
        for instance in group.present:
            node = nodes.get(instance.id)
            if node is None:
                is_late = now - self._since[instance.id] > options.provision_time
                (late if is_late else unregistered).append(instance)
            elif has(node, TO_BE_DELETED):
                leaving.append(node)
            elif node.is_ready:
                ready.append(node)
            elif (wall - node.metadata.creation_timestamp).total_seconds() < STARTING_SECONDS and not _was_ready(node):
                starting.append(node)
            else:
                unready.append(node)
        return GroupState(
            group,
            options,
            tuple(ready),
            tuple(unready),
            tuple(starting),
            tuple(leaving),
            tuple(unregistered),
            tuple(late),
        )


def _was_ready(node: Node) -> bool:
    """Whether the node has been heard of before, and is not any more."""
    return any(item.type == "Ready" and item.reason == "NodeStatusUnknown" for item in node.status.conditions)
