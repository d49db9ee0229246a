"""Nodes, pods and groups as the tests describe them."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from patchbay_standins.cluster_autoscaler.aws.groups import Instance, NodeGroup
from patchbay_standins.cluster_autoscaler.fit.filters import demand
from patchbay_standins.cluster_autoscaler.fit.snapshot import Place, Snapshot
from patchbay_standins.cluster_autoscaler.flags import Options, parse
from patchbay_standins.cluster_autoscaler.group_options import options_of
from patchbay_standins.cluster_autoscaler.objects import DisruptionBudget, Node, Pod
from patchbay_standins.cluster_autoscaler.state import GroupState

WALL = datetime(2026, 1, 1, tzinfo=UTC)
ZONE_KEY = "topology.kubernetes.io/zone"
HOST_KEY = "kubernetes.io/hostname"
_NUMBERS = itertools.count(1)


def options(*arguments: str) -> Options:
    return parse(["--nodes=0:1:unused", *arguments])


def node(name: str = "", *, ready: bool = True, **given: Any) -> Node:
    """One CPU and 2 GiB in zone a, unless given otherwise."""
    name = name or f"node-{next(_NUMBERS)}"
    labels = {HOST_KEY: name, ZONE_KEY: given.get("zone", "a"), **given.get("labels", {})}
    resources = {"cpu": "1", "memory": "2Gi", "pods": "110", **given.get("resources", {})}
    condition = {"type": "Ready", "status": "True" if ready else "False", "reason": given.get("reason", "")}
    return Node.model_validate(
        {
            "metadata": {
                "name": name,
                "labels": labels,
                "annotations": given.get("annotations"),
                "creationTimestamp": WALL - timedelta(seconds=given.get("age", 3600)),
            },
            "spec": {
                "providerID": f"aws:///{labels[ZONE_KEY]}/{name}",
                "taints": given.get("taints"),
                "unschedulable": given.get("unschedulable", False),
            },
            "status": {"allocatable": resources, "capacity": resources, "conditions": [condition]},
        }
    )


def pod(
    name: str = "", *, cpu: str = "100m", memory: str = "64Mi", owner: str | None = "ReplicaSet", **given: Any
) -> Pod:
    """A pod of a ReplicaSet in the namespace `default`; `spec` and `status` are as Kubernetes writes them."""
    name = name or f"pod-{next(_NUMBERS)}"
    owners = [{"kind": owner, "name": "owner", "uid": given.get("owner_uid", "owner"), "controller": True}]
    container = {"name": "main", "resources": {"requests": {"cpu": cpu, "memory": memory}}}
    return Pod.model_validate(
        {
            "metadata": {
                "name": name,
                "namespace": given.get("namespace", "default"),
                "uid": f"uid-of-{name}",
                "labels": given.get("labels", {}),
                "annotations": given.get("annotations", {}),
                "ownerReferences": owners if owner else [],
                "creationTimestamp": WALL - timedelta(seconds=given.get("age", 600)),
                "deletionTimestamp": given.get("deleted"),
            },
            "spec": {"containers": [container], **given.get("spec", {})},
            "status": given.get("status", {}),
        }
    )


def unschedulable(name: str = "", **given: Any) -> Pod:
    """A pod for which the scheduler found no node."""
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    return pod(name, status={"conditions": [condition]}, **given)


def place(of: Node, *pods: Pod) -> Place:
    return Place.of(of, [item.on(of.name) for item in pods], is_open=of.is_ready)


def snapshot(*places: Place | Node) -> Snapshot:
    return Snapshot([item if isinstance(item, Place) else place(item) for item in places])


def fits(item: Pod, on: Node | Place, *others: Place | Node, known: Snapshot | None = None) -> bool:
    """Whether the pod fits on the first of the given nodes."""
    first = on if isinstance(on, Place) else place(on)
    cluster = known or snapshot(first, *others)
    return demand(item, cluster).refusal(first) is None


def group(name: str = "flows", *, desired: int = 1, low: int = 0, high: int = 6, **given: Any) -> NodeGroup:
    return NodeGroup(
        name,
        low,
        high,
        desired,
        given.get("zones", ("eu-central-1a",)),
        tuple(given.get("instances", ())),
        tags=given.get("tags", {}),
    )


def instance(of: str, lifecycle: str = "InService") -> Instance:
    return Instance(of, "eu-central-1a", lifecycle)


def state(*ready: Node, unready: tuple[Node, ...] = (), flags: tuple[str, ...] = (), **given: Any) -> GroupState:
    """A group that has these nodes."""
    nodes = (*ready, *unready)
    made = group(**{"desired": len(nodes), **given}, instances=tuple(instance(item.name) for item in nodes))
    return GroupState(made, options_of(made, options(*flags)), ready, unready, (), (), (), ())


def budget(allowed: int, **labels: str) -> DisruptionBudget:
    return DisruptionBudget.model_validate(
        {
            "metadata": {"name": "budget", "namespace": labels.pop("namespace", "default")},
            "spec": {"selector": {"matchLabels": labels}},
            "status": {"disruptionsAllowed": allowed},
        }
    )
