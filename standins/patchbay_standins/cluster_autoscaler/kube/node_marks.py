"""The taints by which the autoscaler marks nodes: those that may go, and those that go."""

import time
from collections.abc import Callable
from typing import Final

from httpx2 import HTTPError
from lightkube import Client
from lightkube.models.core_v1 import NodeSpec, Taint
from lightkube.resources import core_v1

from patchbay_standins.cluster_autoscaler.kube.client import status_of, unless_missing
from patchbay_standins.cluster_autoscaler.objects import Node

TO_BE_DELETED: Final = "ToBeDeletedByClusterAutoscaler"
CANDIDATE: Final = "DeletionCandidateOfClusterAutoscaler"
OURS: Final = frozenset({TO_BE_DELETED, CANDIDATE})
_EFFECTS: Final = {TO_BE_DELETED: "NoSchedule", CANDIDATE: "PreferNoSchedule"}
_TRIES: Final = 5


class NodeMarks:
    """Writes whole nodes, as upstream's rights allow (`update`, not `patch`)."""

    def __init__(self, client: Client, *, cordon: bool) -> None:
        self._client = client
        self._cordon = cordon

    def add(self, node: str, key: str) -> None:
        """Adds the taint, with the time as its value; a node that goes is cordoned too where that is wanted."""

        def change(spec: NodeSpec) -> bool:
            taints = spec.taints or []
            if any(taint.key == key for taint in taints):
                return False
            spec.taints = [*taints, Taint(key=key, value=str(int(time.time())), effect=_EFFECTS[key])]
            if key == TO_BE_DELETED and self._cordon:
                spec.unschedulable = True
            return True

        self._change(node, change)

    def remove(self, node: str, keys: frozenset[str]) -> None:
        """Takes the taints away, and the cordon that came with one; nothing happens on a node that is gone."""

        def change(spec: NodeSpec) -> bool:
            taints = spec.taints or []
            spec.taints = [taint for taint in taints if taint.key not in keys]
            if len(spec.taints) == len(taints):
                return False
            if self._cordon and TO_BE_DELETED in keys & {taint.key for taint in taints}:
                spec.unschedulable = False
            return True

        self._change(node, change)

    def _change(self, node: str, change: Callable[[NodeSpec], bool]) -> None:
        for attempt in range(_TRIES):
            found = unless_missing(lambda: self._client.get(core_v1.Node, node))
            if found is None or found.spec is None or not change(found.spec):
                return
            try:
                self._client.replace(found)
            except HTTPError as error:
                # The kubelet writes nodes as well.
                if status_of(error) != 409 or attempt == _TRIES - 1:
                    raise
            else:
                return


def has(node: Node, key: str) -> bool:
    return any(taint.key == key for taint in node.spec.taints)
