"""Whether the cluster is whole: workloads with all their pods, and as many ready nodes of each group as before."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from patchbay_loadtests.core.cluster import Cluster

Document = Mapping[str, Any]
GROUP_LABEL = "eks.amazonaws.com/nodegroup"
POOL_LABEL = "patchbay.dev/pool"
FLOWS_POOL = "flows"
_WORKLOADS = ("deployments", "statefulsets")


async def incomplete_workloads(cluster: Cluster, namespaces: Iterable[str]) -> list[str]:
    """What lacks pods, with how many of how many are ready."""
    found = []
    for namespace in namespaces:
        for kind in _WORKLOADS:
            listed = await cluster.get(f"/apis/apps/v1/namespaces/{namespace}/{kind}")
            found += [lack for item in listed["items"] if (lack := lacking(item)) is not None]
    return found


def lacking(workload: Document) -> str | None:
    """What a Deployment or StatefulSet lacks; None where it is complete and of one version."""
    wanted, status = workload["spec"].get("replicas", 1), workload.get("status", {})
    name = workload["metadata"]["name"]
    if status.get("observedGeneration", 0) < workload["metadata"].get("generation", 0):
        return f"{name} is about to change"
    ready, updated = status.get("readyReplicas", 0), status.get("updatedReplicas", 0)
    if ready < wanted or updated < wanted or status.get("replicas", 0) > wanted:
        return f"{name} has {ready} of {wanted} pods ready"
    return None


def fixed_nodes(nodes: Iterable[Document]) -> Counter[str]:
    """Nodes that are well, by node group, of the groups whose size no load changes."""
    return Counter(
        node["metadata"].get("labels", {}).get(GROUP_LABEL, "")
        for node in nodes
        if is_well(node) and not is_of_flows(node)
    )


def is_of_flows(node: Document) -> bool:
    """Whether the node is of a group that grows and shrinks with the workers."""
    return bool(node["metadata"].get("labels", {}).get(POOL_LABEL) == FLOWS_POOL)


def missing_nodes(nodes: Sequence[Document], fixed_before: Mapping[str, int]) -> list[str]:
    """Nodes that are registered but not well, and groups of fixed size that lack some."""
    fixed = fixed_nodes(nodes)
    lacks = [f"node {node['metadata']['name']} is not well" for node in nodes if not is_well(node)]
    lacks += [
        f"group {group} has {fixed[group]} of {number} nodes"
        for group, number in fixed_before.items()
        if fixed[group] < number
    ]
    return lacks


def is_well(node: Document) -> bool:
    """Ready, takes pods, and is short of nothing."""
    conditions = {condition["type"]: condition["status"] for condition in node["status"].get("conditions", [])}
    troubled = any(conditions.get(kind) == "True" for kind in ("DiskPressure", "MemoryPressure", "PIDPressure"))
    return conditions.get("Ready") == "True" and not troubled and not node["spec"].get("unschedulable", False)
