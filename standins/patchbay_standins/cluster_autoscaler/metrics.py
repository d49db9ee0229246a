"""Metrics under the names, labels and buckets of the upstream program."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS: Final = (0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 7.5, 10, 12.5, 15, 17.5, 20, 22.5, 25, 27.5, 30, 50, 75, 100, 1000)
_STATES: Final = ("ready", "unready", "notStarted", "unregistered", "longUnregistered")


class Metrics:
    """One program's metrics in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"cluster_autoscaler_{name}", text, labels, registry=registry)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"cluster_autoscaler_{name}", text, labels, registry=registry)

        self.safe = gauge("cluster_safe_to_autoscale", "1 where enough nodes are ready to go by what is seen")
        self.nodes = gauge("nodes_count", "Nodes by state", "state")
        self.groups = gauge("node_groups_count", "Node groups that are scaled", "node_group_type")
        self.unschedulable = gauge("unschedulable_pods_count", "Pods that fit on no node", "type")
        self.max_nodes = gauge("max_nodes_count", "Nodes that all groups may have together")
        self.group_min = gauge("node_group_min_count", "Fewest nodes of a group", "node_group")
        self.group_max = gauge("node_group_max_count", "Most nodes of a group", "node_group")
        self.group_target = gauge("node_group_target_count", "Desired nodes of a group", "node_group")
        self.last_activity = gauge("last_activity", "When a part of a scan last began, in Unix seconds", "activity")
        self.duration = Histogram(
            "cluster_autoscaler_function_duration_seconds",
            "How long a part of a scan takes",
            ["function"],
            registry=registry,
            buckets=_BUCKETS,
        )
        self.errors = counter("errors", "Scans that failed", "type")
        self.scaled_up = counter("scaled_up_nodes", "Nodes asked for")
        self.scaled_down = counter("scaled_down_nodes", "Nodes removed", "reason")
        self.failed_scale_ups = counter("failed_scale_ups", "Nodes asked for that did not come", "reason")
        self.evicted = counter("evicted_pods", "Pods evicted", "eviction_result")
        self.unneeded = gauge("unneeded_nodes_count", "Nodes that could be removed")
        self.unremovable = gauge("unremovable_nodes_count", "Nodes that cannot be removed", "reason")
        self._unremovable_reasons: set[str] = set()
        self.cooldown = gauge("scale_down_in_cooldown", "1 while no node is removed because of a recent change")
        self.unregistered_removed = gauge(
            "old_unregistered_nodes_removed_count", "Instances removed that never became nodes"
        )
        for reason in ("cloudProviderError", "apiCallError", "timeout"):
            self.failed_scale_ups.labels(reason)
        for reason in ("underutilized", "empty", "unready"):
            self.scaled_down.labels(reason)
        for kind in ("apiCallError", "cloudProviderError", "internalError"):
            self.errors.labels(kind)

    def set_nodes(self, counts: Mapping[str, int]) -> None:
        for state in _STATES:
            self.nodes.labels(state).set(counts.get(state, 0))

    def set_unremovable(self, reasons: Mapping[str, int]) -> None:
        for reason, count in reasons.items():
            self.unremovable.labels(reason).set(count)
        # Afterwards: whoever reads the metrics meanwhile is to find a reason that still holds.
        for reason in self._unremovable_reasons - reasons.keys():
            self.unremovable.remove(reason)
        self._unremovable_reasons = set(reasons)

    @contextmanager
    def timed(self, activity: str) -> Iterator[None]:
        """Marks the beginning of a part of a scan and measures it."""
        self.last_activity.labels(activity).set(int(time.time()))
        start = time.perf_counter()
        try:
            yield
        finally:
            self.duration.labels(activity).observe(time.perf_counter() - start)
