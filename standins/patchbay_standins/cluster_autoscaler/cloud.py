"""The groups as they are known: read again while something changes, and once a minute otherwise."""

from collections.abc import Mapping
from typing import Final

from patchbay_standins.cluster_autoscaler.aws.groups import Groups, NodeGroup
from patchbay_standins.cluster_autoscaler.objects import Node

_FRESH_SECONDS: Final = 60.0


class Cloud:
    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self._known: dict[str, NodeGroup] = {}
        self._read = float("-inf")

    def forget(self) -> None:
        """What is known is out of date: it is read again when it is next asked for."""
        self._read = float("-inf")

    def groups(self, nodes: Mapping[str, Node], now: float) -> Mapping[str, NodeGroup]:
        """By name. `nodes` are by instance: where they and the groups differ, something is under way."""
        if now >= self._read + _FRESH_SECONDS or not self._agrees_with(nodes):
            self._known = self._groups.read()
            self._read = now
        return self._known

    def _agrees_with(self, nodes: Mapping[str, Node]) -> bool:
        groups = self._known.values()
        is_settled = not any(group.owed or len(group.present) < len(group.instances) for group in groups)
        return is_settled and all(
            instance.id in nodes and nodes[instance.id].is_ready for group in groups for instance in group.instances
        )
