"""What the cluster autoscaler may do in Kubernetes: upstream's rights of 1.35, without those for older API versions."""

from typing import Final

from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs

LEASE: Final = "cluster-autoscaler"
STATUS: Final = "cluster-autoscaler-status"
# Upstream's name; what it expects there is under the key.
PRIORITIES: Final = "cluster-autoscaler-priority-expander"
PRIORITIES_KEY: Final = "priorities"
_LOOK: Final = ("get", "list", "watch")


def _rule(group: str, resources: tuple[str, ...], verbs: tuple[str, ...], *names: str) -> PolicyRuleArgs:
    return PolicyRuleArgs(
        api_groups=[group], resources=list(resources), verbs=list(verbs), resource_names=list(names) or None
    )


def cluster_rules() -> list[PolicyRuleArgs]:
    """All that decides where a pod fits, taints on nodes, and evictions."""
    workloads = ("namespaces", "pods", "services", "replicationcontrollers")
    volumes = ("persistentvolumeclaims", "persistentvolumes")
    storage = ("storageclasses", "csinodes", "csidrivers", "csistoragecapacities", "volumeattachments")
    return [
        _rule("", (*workloads, *volumes), _LOOK),
        _rule("", ("nodes",), (*_LOOK, "update")),
        _rule("", ("pods/eviction",), ("create",)),
        _rule("", ("pods/status",), ("update",)),
        _rule("", ("events",), ("create", "patch")),
        _rule("apps", ("daemonsets", "replicasets", "statefulsets"), _LOOK),
        _rule("batch", ("jobs",), _LOOK),
        _rule("policy", ("poddisruptionbudgets",), _LOOK),
        _rule("storage.k8s.io", storage, _LOOK),
        _rule("resource.k8s.io", ("deviceclasses", "resourceclaims", "resourceslices"), _LOOK),
    ]


def own_rules() -> list[PolicyRuleArgs]:
    """In its own namespace: its status, and the lease that says which replica works."""
    return [
        # Kubernetes cannot bind `create` to names; listing is how a client watches one object.
        _rule("", ("configmaps",), ("create", "list", "watch")),
        _rule("", ("configmaps",), ("get", "update", "delete", "watch"), STATUS, PRIORITIES),
        _rule("coordination.k8s.io", ("leases",), ("create",)),
        _rule("coordination.k8s.io", ("leases",), ("get", "update"), LEASE),
    ]
