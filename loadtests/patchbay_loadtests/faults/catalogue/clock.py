"""A node whose clock is off."""

import json
from base64 import b64encode
from collections import Counter
from typing import Any

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.restoration import MARK, Removal
from patchbay_loadtests.faults.catalogue.fault import Fault
from patchbay_loadtests.faults.catalogue.nodes import name_of
from patchbay_loadtests.faults.flows import SHAPES
from patchbay_loadtests.faults.health import is_of_flows, is_well
from patchbay_loadtests.faults.machine.clock import OFFSET_VARIABLE, library
from patchbay_loadtests.faults.stage import Document, Stage, is_ready, until

OFFSET_SECONDS = 300
_LIBRARY = "clock.so"
_MOUNT = "/patchbay-clock"
_READY_SECONDS = 150


class ClockOff(Fault):
    """API and workers of one node live five minutes ahead.

    The kernel has one wall clock for all namespaces, so the node's daemons keep it: the pods of the node that run flows
    get a clock of their own, all of them pods that join the service beside the others.
    """

    name = "clock-off"
    question = "the clock of a node is five minutes ahead: are its runs treated as everyone's?"
    alert = "NodeClockOff"
    hold_seconds = 60
    recovery_limit_seconds = 120
    usual_seconds = 120

    async def inject(self, stage: Stage) -> None:
        namespace = stage.options.namespace
        node = await self._node(stage)
        await stage.keep(Removal(namespace=namespace))
        objects: list[Document] = [_configuration(namespace, await library())]
        for deployment in ("api", *(f"shape-{shape}" for shape in SHAPES)):
            template = (await stage.cluster.deployment(namespace, deployment))["spec"]["template"]
            objects.append(pod_ahead(template, deployment, namespace, node))
        listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        await stage.kubectl("apply", "--server-side", "-f", "-", stdin=listed)
        await until(f"pods with another clock on {node}", lambda: self._are_ready(stage), _READY_SECONDS)
        self.shows()
        self.notes.append(f"{len(objects) - 1} pods of {node} lived {OFFSET_SECONDS} s ahead")

    async def lacks(self, stage: Stage) -> list[str]:
        left = await stage.cluster.get(f"/api/v1/namespaces/{stage.options.namespace}/pods", {"labelSelector": MARK})
        return [f"{pod['metadata']['name']} is still there" for pod in left["items"]]

    async def _node(self, stage: Stage) -> str:
        """Of those that stay, the one with fewest pods, which has room."""
        pods = (await stage.cluster.get("/api/v1/pods"))["items"]
        number = Counter(pod["spec"].get("nodeName") for pod in pods)
        nodes = [name_of(node) for node in await stage.nodes() if is_well(node) and not is_of_flows(node)]
        if not nodes:
            raise UnusableEnvironmentError("no node of a fixed group is ready")
        return min(sorted(nodes), key=lambda node: number[node])

    async def _are_ready(self, stage: Stage) -> bool:
        path = f"/api/v1/namespaces/{stage.options.namespace}/pods"
        pods = (await stage.cluster.get(path, {"labelSelector": MARK}))["items"]
        return len(pods) == len(SHAPES) + 1 and all(is_ready(pod) for pod in pods)


def _configuration(namespace: str, content: bytes) -> Document:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "fault-clock", "namespace": namespace, "labels": {MARK: "clock"}},
        "binaryData": {_LIBRARY: b64encode(content).decode()},
    }


def pod_ahead(template: Document, deployment: str, namespace: str, node: str) -> Document:
    """A pod as the Deployment makes them, on the node and with a clock that is ahead."""
    spec: dict[str, Any] = json.loads(json.dumps(template["spec"]))
    spec["affinity"] = {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}]
            }
        }
    }
    # The pods belong on nodes of two kinds; here all of one node's pods are meant.
    spec.pop("nodeSelector", None)
    spec["tolerations"] = [{"operator": "Exists"}]
    spec.pop("topologySpreadConstraints", None)
    spec.setdefault("volumes", []).append({"name": "fault-clock", "configMap": {"name": "fault-clock"}})
    for container in spec["containers"]:
        container.setdefault("env", []).extend(
            [
                {"name": "LD_PRELOAD", "value": f"{_MOUNT}/{_LIBRARY}"},
                {"name": OFFSET_VARIABLE, "value": str(OFFSET_SECONDS)},
            ]
        )
        container.setdefault("volumeMounts", []).append({"name": "fault-clock", "mountPath": _MOUNT, "readOnly": True})
    labels = {**template["metadata"]["labels"], MARK: "clock"}
    metadata = {"name": f"fault-clock-{deployment}", "namespace": namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
