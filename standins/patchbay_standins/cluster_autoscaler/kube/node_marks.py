"""The taints by which the autoscaler marks nodes: those that may go, and those that go."""

import time
from collections.abc import Callable
from typing import Any, Final

from patchbay_standins.cluster_autoscaler.kube.api import Api, ApiError
from patchbay_standins.cluster_autoscaler.objects import Node

TO_BE_DELETED: Final = "ToBeDeletedByClusterAutoscaler"
CANDIDATE: Final = "DeletionCandidateOfClusterAutoscaler"
OURS: Final = frozenset({TO_BE_DELETED, CANDIDATE})
_EFFECTS: Final = {TO_BE_DELETED: "NoSchedule", CANDIDATE: "PreferNoSchedule"}
_TRIES: Final = 5


class NodeMarks:
    """Writes whole nodes, as upstream's rights allow (`update`, not `patch`)."""

    def __init__(self, api: Api, *, cordon: bool) -> None:
        self._api = api
        self._cordon = cordon

    def add(self, node: str, key: str) -> None:
        """Adds the taint, with the time as its value; a node that goes is cordoned too where that is wanted."""

        def change(spec: dict[str, Any]) -> bool:
            taints = spec.setdefault("taints", [])
            if any(taint["key"] == key for taint in taints):
                return False
            taints.append({"key": key, "value": str(int(time.time())), "effect": _EFFECTS[key]})
            if key == TO_BE_DELETED and self._cordon:
                spec["unschedulable"] = True
            return True

        self._change(node, change)

    def remove(self, node: str, keys: frozenset[str]) -> None:
        """Takes the taints away, and the cordon that came with one; nothing happens on a node that is gone."""

        def change(spec: dict[str, Any]) -> bool:
            taints = spec.get("taints", [])
            left = [taint for taint in taints if taint["key"] not in keys]
            if len(left) == len(taints):
                return False
            spec["taints"] = left
            if self._cordon and any(taint["key"] == TO_BE_DELETED for taint in taints if taint not in left):
                spec["unschedulable"] = False
            return True

        self._change(node, change)

    def _change(self, node: str, change: Callable[[dict[str, Any]], bool]) -> None:
        path = f"/api/v1/nodes/{node}"
        for attempt in range(_TRIES):
            found = self._api.find(path)
            if found is None or not change(found["spec"]):
                return
            try:
                self._api.replace(path, found)
            except ApiError as error:
                # The kubelet writes nodes as well.
                if error.status != 409 or attempt == _TRIES - 1:
                    raise
            else:
                return


def has(node: Node, key: str) -> bool:
    return any(taint.key == key for taint in node.spec.taints)
