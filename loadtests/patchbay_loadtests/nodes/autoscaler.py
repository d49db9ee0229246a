"""The cluster autoscaler as its Deployment and its status ConfigMap show it."""

from typing import Any, Final

import yaml

from patchbay_loadtests.core.cluster import Cluster, Document
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.proof.periods import seconds
from patchbay_loadtests.proof.timeline import Record

NAMESPACE: Final = "kube-system"
NAME: Final = "cluster-autoscaler"
STATUS_PATH: Final = f"/api/v1/namespaces/{NAMESPACE}/configmaps/cluster-autoscaler-status"
UNNEEDED_TAINT: Final = "DeletionCandidateOfClusterAutoscaler"
DRAINING_TAINT: Final = "ToBeDeletedByClusterAutoscaler"
# The program's own defaults.
_DEFAULTS: Final = {"scan-interval": "10s", "scale-down-unneeded-time": "10m", "scale-down-delay-after-add": "10m"}


class AutoscalerTimes(Record):
    """The autoscaler's waits, in seconds: between two looks, until an idle node may go, and after a node was added."""

    scan: float
    unneeded: float
    delay_after_add: float


async def read_times(cluster: Cluster) -> AutoscalerTimes:
    """The waits by its flags; UnusableEnvironmentError where no autoscaler runs."""
    deployment = await cluster.found(f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{NAME}")
    if deployment is None:
        raise UnusableEnvironmentError(
            f"nodes are not scaled here: there is no Deployment {NAME} in {NAMESPACE}; "
            "set patchbay:platform.clusterAutoscaler in the stack's config and update the stack"
        )
    if not deployment.get("status", {}).get("readyReplicas"):
        raise UnusableEnvironmentError(f"no pod of Deployment {NAME} in {NAMESPACE} is ready: look at its logs")
    return times_of(deployment)


def times_of(deployment: Document) -> AutoscalerTimes:
    """The waits by the flags of the Deployment's first container."""
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    flags = dict(_DEFAULTS)
    for argument in [*container.get("command", []), *container.get("args", [])]:
        name, separator, value = str(argument).lstrip("-").partition("=")
        if separator and name in flags:
            flags[name] = value
    try:
        scan, unneeded, after_add = (seconds(flags[name]) for name in _DEFAULTS)
    except ValueError as error:
        raise UnusableEnvironmentError(f"Deployment {NAME}: a flag is {error}") from error
    return AutoscalerTimes(scan=scan, unneeded=unneeded, delay_after_add=after_add)


def wanted_nodes(config_map: Document | None) -> int | None:
    """The nodes that the autoscaler has asked its groups for, by its status; None: it does not say."""
    try:
        status: Any = yaml.safe_load((config_map or {})["data"]["status"])
        return sum(int(group["health"]["cloudProviderTarget"]) for group in status["nodeGroups"])
    except (KeyError, TypeError, ValueError, yaml.YAMLError):
        return None


def taints(node: Document) -> frozenset[str]:
    """The keys of a node's taints."""
    return frozenset(taint["key"] for taint in node["spec"].get("taints", []))
