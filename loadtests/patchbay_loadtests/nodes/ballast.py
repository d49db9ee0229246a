"""Pods that take all the room that the nodes have beside their pods, so that the next pod fits nowhere.

They sleep, are of the workers' priority, and end by themselves should nobody take them away.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from patchbay_loadtests.core.cluster import Cluster, Document
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.nodes import room

LABELS: Final = {"app.kubernetes.io/name": "ballast", "app.kubernetes.io/part-of": "patchbay-loadtest"}
RUNNING_SECONDS: Final = 90.0
# A pod that was on its way out when the room was measured leaves some to take.
ROUNDS: Final = 5
POLL_SECONDS: Final = 0.5
_SLEEP: Final = "import signal; signal.pause()"


async def free_room(cluster: Cluster, worker: Document) -> dict[str, room.Size]:
    """What is free on each node that workers may run on; the placeholders' room is taken."""
    nodes, pods = await asyncio.gather(cluster.get("/api/v1/nodes"), cluster.get("/api/v1/pods"))
    return {node["metadata"]["name"]: room.free(node, pods["items"]) for node in room.usable(nodes["items"], worker)}


class Ballast:
    """The ballast of one load test, in the namespace of its sink."""

    def __init__(self, cluster: Cluster, *, namespace: str, worker: Document, image: str, python: str) -> None:
        self._cluster = cluster
        self._path = f"/api/v1/namespaces/{namespace}/pods"
        self._worker = worker
        self._image = image
        self._python = python

    async def load(self, *, lives_seconds: float) -> None:
        """Fill the nodes that workers may run on; the ballast ends by itself after `lives_seconds`."""
        need = room.requested(self._worker)
        for _ in range(ROUNDS):
            left = await free_room(self._cluster, self._worker)
            if not any(free.holds(need) for free in left.values()):
                return
            for node, free in left.items():
                if free.cpu > 0:
                    await self._cluster.request("POST", self._path, body=self._pod(node, free.cpu, lives_seconds))
            await self._until(lambda pods: all(pod.get("status", {}).get("phase") == "Running" for pod in pods), "run")
        raise UnusableEnvironmentError("the nodes' room changes while it is taken: is something else being deployed?")

    async def drop(self) -> None:
        """Give the room back."""
        await self._cluster.request("DELETE", self._path, params=_SELECTED)
        await self._until(lambda pods: not pods, "go")

    async def _until(self, holds: Callable[[list[Document]], bool], what: str) -> None:
        try:
            async with asyncio.timeout(RUNNING_SECONDS):
                while True:
                    if holds((await self._cluster.get(self._path, _SELECTED))["items"]):
                        return
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise UnusableEnvironmentError(f"the ballast did not {what} within {RUNNING_SECONDS:.0f} s") from None

    def _pod(self, node: str, cpu: int, lives_seconds: float) -> Document:
        here = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
        affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [here]}}}
        priority = self._worker.get("priorityClassName")
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "generateName": "ballast-",
                "labels": dict(LABELS),
                "annotations": {"cluster-autoscaler.kubernetes.io/safe-to-evict": "true"},
            },
            "spec": {
                "affinity": affinity,
                "tolerations": self._worker.get("tolerations", []),
                **({"priorityClassName": priority} if priority else {}),
                "activeDeadlineSeconds": round(lives_seconds),
                "terminationGracePeriodSeconds": 0,
                "restartPolicy": "Never",
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "securityContext": {
                    "runAsNonRoot": True,
                    "runAsUser": 10001,
                    "runAsGroup": 10001,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [
                    {
                        "name": "ballast",
                        "image": self._image,
                        "command": [self._python, "-c", _SLEEP],
                        "resources": {"requests": {"cpu": f"{cpu}m"}},
                        "securityContext": {
                            "allowPrivilegeEscalation": False,
                            "readOnlyRootFilesystem": True,
                            "capabilities": {"drop": ["ALL"]},
                        },
                    }
                ],
            },
        }


_SELECTED: Final = {"labelSelector": ",".join(f"{key}={value}" for key, value in LABELS.items())}
