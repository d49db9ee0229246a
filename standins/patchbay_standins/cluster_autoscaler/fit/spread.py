"""Topology spread constraints that must hold (`DoNotSchedule`)."""

from collections.abc import Mapping
from dataclasses import dataclass

from patchbay_standins.cluster_autoscaler.fit import taints
from patchbay_standins.cluster_autoscaler.fit.affinity import narrowed
from patchbay_standins.cluster_autoscaler.fit.selectors import selects, wants_node
from patchbay_standins.cluster_autoscaler.fit.snapshot import Snapshot
from patchbay_standins.cluster_autoscaler.objects import Node, Pod, SpreadConstraint


@dataclass(frozen=True)
class SpreadRule:
    """One constraint: how many matching pods each domain has."""

    key: str
    max_skew: int
    counts: Mapping[str, int]
    counts_itself: bool
    min_domains: int

    def refusal(self, node: Node) -> str | None:
        value = node.labels.get(self.key)
        if value is None:
            return "node(s) didn't match pod topology spread constraints (missing required label)"
        domains = {value: 0, **self.counts}
        fewest = 0 if len(domains) < self.min_domains else min(domains.values())
        if domains[value] + self.counts_itself - fewest > self.max_skew:
            return "node(s) didn't match pod topology spread constraints"
        return None


def rules(pod: Pod, snapshot: Snapshot) -> tuple[SpreadRule, ...]:
    constraints = [item for item in pod.spec.topology_spread_constraints if item.when_unsatisfiable == "DoNotSchedule"]
    return tuple(_rule(constraint, pod, snapshot) for constraint in constraints)


def _rule(constraint: SpreadConstraint, pod: Pod, snapshot: Snapshot) -> SpreadRule:
    selector = narrowed(constraint.label_selector, pod, constraint.match_label_keys)
    counts: dict[str, int] = {}
    for place in snapshot:
        value = place.node.labels.get(constraint.topology_key)
        if value is None or not _counts(constraint, pod, place.node):
            continue
        matching = sum(
            other.metadata.namespace == pod.metadata.namespace
            and not other.is_terminating
            and selects(selector, other.metadata.labels)
            for other in place.pods
        )
        counts[value] = counts.get(value, 0) + matching
    return SpreadRule(
        constraint.topology_key,
        constraint.max_skew,
        counts,
        counts_itself=selects(selector, pod.metadata.labels),
        min_domains=constraint.min_domains,
    )


def _counts(constraint: SpreadConstraint, pod: Pod, node: Node) -> bool:
    """Whether the node is one of those that the constraint is about."""
    if constraint.node_affinity_policy == "Honor" and not wants_node(pod.spec, node):
        return False
    if constraint.node_taints_policy != "Honor":
        return True
    return taints.untolerated(pod.spec.tolerations, taints.of_node(node)) is None
