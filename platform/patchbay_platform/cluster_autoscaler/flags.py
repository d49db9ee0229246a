"""The cluster autoscaler's command line."""

from collections.abc import Iterator
from typing import Final

from patchbay_platform import namespaces
from patchbay_platform.cluster_autoscaler.config import ClusterAutoscalerConfig, ScaleDownConfig, ScaleUpConfig

CLOUD_CONFIG_DIRECTORY: Final = "/etc/cluster-autoscaler"
CLOUD_CONFIG_FILE: Final = "cloud.conf"


def flags(config: ClusterAutoscalerConfig, cluster_name: str) -> list[str]:
    """`cluster_name`: in AWS; the node groups of this cluster carry it in a tag's key."""
    return [f"--{name}={value}" for name, value in _flags(config, cluster_name)]


def _flags(config: ClusterAutoscalerConfig, cluster_name: str) -> Iterator[tuple[str, str]]:
    prefix = "k8s.io/cluster-autoscaler"
    yield "cloud-provider", "aws"
    if config.aws_endpoint:
        yield "cloud-config", f"{CLOUD_CONFIG_DIRECTORY}/{CLOUD_CONFIG_FILE}"
    yield "cluster-name", cluster_name
    yield "namespace", namespaces.SYSTEM
    yield "node-group-auto-discovery", f"asg:tag={prefix}/enabled,{prefix}/{cluster_name}"
    # Also with one replica: while it is replaced there are two.
    yield "leader-elect", "true"
    yield "scan-interval", f"{config.scan_interval}s"
    # How near each group is to its maximum.
    yield "emit-per-nodegroup-metrics", "true"
    yield from _scale_up(config.scale_up)
    yield from _scale_down(config.scale_down)
    yield "v", str(config.verbosity)


def _scale_up(config: ScaleUpConfig) -> Iterator[tuple[str, str]]:
    yield "expander", ",".join(config.expanders)
    yield "balance-similar-node-groups", _bool(config.balance_similar_groups)
    yield "max-node-provision-time", f"{config.max_node_provision}s"
    yield "initial-node-group-backoff-duration", f"{config.initial_backoff}s"
    yield "max-node-group-backoff-duration", f"{config.max_backoff}s"
    if config.bypassed_schedulers:
        yield "bypassed-scheduler-names", ",".join(config.bypassed_schedulers)
    yield "max-nodes-total", str(config.max_nodes_total)
    yield "expendable-pods-priority-cutoff", str(config.expendable_priority_cutoff)
    yield "max-total-unready-percentage", str(config.max_unready_percentage)
    yield "ok-total-unready-count", str(config.unready_always_allowed)


def _scale_down(config: ScaleDownConfig) -> Iterator[tuple[str, str]]:
    yield "scale-down-unneeded-time", f"{config.unneeded}s"
    yield "scale-down-unready-time", f"{config.unready}s"
    yield "scale-down-utilization-threshold", str(config.utilization_threshold)
    yield "scale-down-delay-after-add", f"{config.after_add}s"
    yield "scale-down-delay-after-delete", f"{config.after_delete}s"
    yield "scale-down-delay-after-failure", f"{config.after_failure}s"
    yield "unremovable-node-recheck-timeout", f"{config.unremovable_recheck}s"
    yield "max-graceful-termination-sec", str(config.max_graceful_termination)
    yield "max-pod-eviction-time", f"{config.max_pod_eviction}s"
    yield "max-drain-parallelism", str(config.max_drained_at_once)
    yield "max-scale-down-parallelism", str(config.max_deleted_at_once)
    yield "node-delete-delay-after-taint", f"{config.delete_delay}s"
    yield "cordon-node-before-terminating", _bool(config.cordon)
    yield "ignore-daemonsets-utilization", _bool(config.ignore_daemon_sets)
    yield "skip-nodes-with-system-pods", _bool(config.skip_nodes_with_system_pods)
    yield "skip-nodes-with-local-storage", _bool(config.skip_nodes_with_local_storage)


def _bool(value: bool) -> str:
    return "true" if value else "false"
