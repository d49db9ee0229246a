"""The small environment with nodes: a scheduler, a headroom and an autoscaler in one process, quick and simple."""

import itertools
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.loadtests.small_environment import Rule, SmallEnvironment

NODE_MILLICORES = 1000
MOST_WORKERS = 10
WORKER_MILLICORES = 100
START_SECONDS = 0.3
# Longer than a look takes on a busy machine, so that what waits is seen.
NODE_SECONDS = 3.0
UNNEEDED_SECONDS = 1.0
WORKERS, HEADROOM = "patchbay-runtime", "patchbay-headroom"


@dataclass
class Pod:
    """`kind` is worker, placeholder or ballast; `since` is when it got its node."""

    uid: str
    kind: str
    shape: str = ""
    millicores: int = WORKER_MILLICORES
    node: str | None = None
    since: float = 0.0
    tried: bool = False

    @property
    def running(self) -> bool:
        return self.node is not None and time.monotonic() >= self.since + START_SECONDS


@dataclass
class Node:
    """Ready a little after it came; `idle_since`: its pods would fit elsewhere."""

    name: str
    came: float
    idle_since: float | None = None
    pods: list[Pod] = field(default_factory=list)


class SmallNodes(SmallEnvironment):
    """`autoscales`, `preempts`: what the cluster can do. `placeholders`: the headroom's size."""

    def __init__(self, rule: Rule, *, placeholders: int = 2, autoscales: bool = True, preempts: bool = True) -> None:
        super().__init__(rule)
        self.placeholders = placeholders
        self.has_autoscaler = autoscales
        self.preempts = preempts
        self.most = MOST_WORKERS
        # What the shape was let grow to, in turn.
        self.grew: list[int] = []
        self._numbers = itertools.count(1)
        self._nodes = [Node(self._node_name(), time.monotonic())]
        self._coming: float | None = None
        self._pods: list[Pod] = []
        self._events: list[dict[str, Any]] = []

    def handle(self, command: str, path: str, document: Any) -> tuple[int, Any] | None:
        with self.lock:
            self._tick()
            if command == "POST" and path.endswith("/pods"):
                cpu = document["spec"]["containers"][0]["resources"]["requests"]["cpu"]
                self._pods.append(Pod(uid=self._uid(), kind="ballast", millicores=int(cpu[:-1])))
                return 201, document
            if command == "DELETE" and path.endswith("/pods"):
                self._pods = [pod for pod in self._pods if pod.kind != "ballast"]
                return 200, {"kind": "Status"}
            if command == "PATCH" and path.endswith("/deployments/headroom/scale"):
                self.placeholders = document["spec"]["replicas"]
                return 200, document
            if command == "PATCH" and "/scaledobjects/" in path:
                if "spec" in document:
                    self.most = document["spec"]["maxReplicaCount"]
                    self.grew.append(self.most)
                return 200, document
            if path.endswith("/deployments/cluster-autoscaler") and not self.has_autoscaler:
                return 404, {"kind": "Status", "code": 404}
            found = self._document(path) if command == "GET" else None
            return None if found is None else (200, found)

    def pods(self, shape: str) -> int:
        return min(self.rule(self.processes), self.most) if shape == "http-connector" else 1

    def document(self, path: str) -> Any:
        found = super().document(path)
        if "/scaledobjects/" in path:
            return found | {"metadata": {"resourceVersion": "1"}}
        if "/horizontalpodautoscalers/" in path:
            return found | {"spec": found["spec"] | {"maxReplicas": self.most}}
        if "/external.metrics" in path:
            return {"items": [{"value": str(self.rule(self.processes))}]}
        return found

    def ready(self, shape: str) -> int:
        return sum(pod.running for pod in self._pods if pod.shape == shape)

    def _document(self, path: str) -> Any:
        listed = re.fullmatch(r"/api/v1/(?:namespaces/([^/]+)/)?pods", path)
        if listed:
            return {"items": [_pod_document(pod) for pod in self._pods if _in_namespace(pod, listed[1])]}
        answers: dict[str, Callable[[], Any]] = {
            "cluster-autoscaler": self._autoscaler,
            "cluster-autoscaler-status": self._status,
            "headroom": self._headroom,
            "nodes": lambda: {"items": [_node_document(node) for node in self._nodes]},
            "events": lambda: {"items": self._events},
        }
        answer = answers.get(path.rsplit("/", 1)[-1])
        return None if answer is None else answer()

    def _headroom(self) -> dict[str, Any]:
        containers = [{"resources": {"requests": {"cpu": f"{WORKER_MILLICORES}m"}}}]
        spec = {"replicas": self.placeholders, "template": {"spec": {"containers": containers}}}
        return {"metadata": {"resourceVersion": "1"}, "spec": spec}

    def _status(self) -> dict[str, Any]:
        wanted = len(self._nodes) + (self._coming is not None)
        return {"data": {"status": f"nodeGroups: [{{health: {{cloudProviderTarget: {wanted}}}}}]"}}

    def _autoscaler(self) -> dict[str, Any]:
        flags = ["--scan-interval=200ms", f"--scale-down-unneeded-time={UNNEEDED_SECONDS:.0f}s"]
        containers = [{"command": [*flags, "--scale-down-delay-after-add=0s"]}]
        return {"spec": {"template": {"spec": {"containers": containers}}}, "status": {"readyReplicas": 1}}

    def _deployment(self, name: str, shape: str) -> Any:
        document = super()._deployment(name, shape)
        if document is None or not name.startswith("shape-"):
            return document
        workers = sum(pod.shape == shape for pod in self._pods)
        document["status"] |= {"replicas": workers, "readyReplicas": self.ready(shape)}
        document["spec"]["template"]["spec"]["containers"] = [
            {"name": "worker", "resources": {"requests": {"cpu": f"{WORKER_MILLICORES}m"}}}
        ]
        return document

    def _tick(self) -> None:
        now = time.monotonic()
        for shape in ("http-connector", "filter"):
            self._keep("worker", shape, self.pods(shape))
        self._keep("placeholder", "", self.placeholders)
        if self._coming is not None and now >= self._coming:
            self._nodes.append(Node(self._node_name(), now))
            self._coming = None
        for pod in sorted(self._pods, key=lambda pod: pod.kind == "placeholder"):
            if pod.node is None:
                self._place(pod, now)
        self._autoscale(now)

    def _keep(self, kind: str, shape: str, count: int) -> None:
        own = [pod for pod in self._pods if (pod.kind, pod.shape) == (kind, shape)]
        for pod in own[count:]:
            self._pods.remove(pod)
        self._pods += [Pod(uid=self._uid(), kind=kind, shape=shape) for _ in range(count - len(own))]

    def _place(self, pod: Pod, now: float) -> None:
        node = next((node for node in self._nodes if self._free(node) >= pod.millicores), None)
        victim = next((other for other in self._pods if other.kind == "placeholder" and other.node), None)
        if node is None and pod.kind == "worker" and self.preempts and victim:
            self._pods.remove(victim)
            node = next(node for node in self._nodes if node.name == victim.node)
        if node is not None:
            pod.node, pod.since = node.name, now
        pod.tried = True

    def _autoscale(self, now: float) -> None:
        if not self.has_autoscaler:
            return
        waiting = [pod for pod in self._pods if pod.tried and pod.node is None]
        if waiting and self._coming is None:
            self._coming = now + NODE_SECONDS
            for pod in waiting:
                uid = self._uid()
                metadata = {"uid": uid, "resourceVersion": uid}
                self._events.append({"metadata": metadata, "involvedObject": {"uid": pod.uid}})
        for node in self._nodes[1:]:
            own = [pod for pod in self._pods if pod.node == node.name]
            room = sum(self._free(other) for other in self._nodes if other is not node)
            idle = not waiting and sum(pod.millicores for pod in own) <= room
            node.idle_since = (node.idle_since or now) if idle else None
            if node.idle_since and now >= node.idle_since + UNNEEDED_SECONDS:
                self._nodes.remove(node)
                for pod in own:
                    self._pods.remove(pod)
                return

    def _free(self, node: Node) -> int:
        return NODE_MILLICORES - sum(pod.millicores for pod in self._pods if pod.node == node.name)

    def _node_name(self) -> str:
        return f"i-{next(self._numbers):017x}"

    def _uid(self) -> str:
        return f"uid-{next(self._numbers)}"


def _in_namespace(pod: Pod, namespace: str | None) -> bool:
    kinds = {WORKERS: "worker", HEADROOM: "placeholder"}
    return namespace is None or pod.kind == kinds.get(namespace, "ballast")


def _node_document(node: Node) -> dict[str, Any]:
    taints = [{"key": "DeletionCandidateOfClusterAutoscaler", "effect": "PreferNoSchedule"}] if node.idle_since else []
    return {
        "metadata": {"name": node.name, "labels": {}},
        "spec": {"taints": taints},
        "status": {
            "allocatable": {"cpu": f"{NODE_MILLICORES}m", "memory": "4Gi"},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def _pod_document(pod: Pod) -> dict[str, Any]:
    conditions = [
        {"type": "PodScheduled", "status": str(pod.node is not None), "reason": "Unschedulable" if pod.tried else ""},
        {"type": "Ready", "status": str(pod.running)},
    ]
    containers = [{"resources": {"requests": {"cpu": f"{pod.millicores}m"}}}]
    labels = {"patchbay.dev/shape": pod.shape} if pod.shape else {}
    return {
        "metadata": {"name": pod.uid, "uid": pod.uid, "labels": labels},
        "spec": {"containers": containers, **({"nodeName": pod.node} if pod.node else {})},
        "status": {
            "phase": "Running" if pod.running else "Pending",
            "conditions": conditions,
            "containerStatuses": [{"state": {"running": {}}}] if pod.running else [],
        },
    }
