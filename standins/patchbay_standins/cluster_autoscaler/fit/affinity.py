"""Required affinity and anti-affinity between pods, by topology."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from patchbay_standins.cluster_autoscaler.fit.selectors import selects
from patchbay_standins.cluster_autoscaler.fit.snapshot import Snapshot
from patchbay_standins.cluster_autoscaler.objects import LabelSelector, Node, Pod, PodAffinityTerm, Requirement

_Domain = tuple[str, str]  # a topology's key and value


@dataclass(frozen=True)
class AffinityRule:
    """What a pod wants of its neighbours, worked out once for all nodes.

    `attracting` has a set of domains per affinity term; `repelling` are the domains that must not be.
    """

    attracting: tuple[tuple[str, frozenset[str]], ...]
    repelling: frozenset[_Domain]
    first_of_its_kind: bool

    def refusal(self, node: Node) -> str | None:
        for key, value in self.repelling:
            if node.labels.get(key) == value:
                return "node(s) didn't match pod anti-affinity rules"
        for key, values in self.attracting:
            here = node.labels.get(key)
            if here is None or (here not in values and not self.first_of_its_kind):
                return "node(s) didn't match pod affinity rules"
        return None


NO_RULE = AffinityRule((), frozenset(), first_of_its_kind=False)


def rule(pod: Pod, snapshot: Snapshot) -> AffinityRule:
    wanted = pod.spec.affinity.pod_affinity.required
    unwanted = pod.spec.affinity.pod_anti_affinity.required
    if not wanted and not unwanted and not snapshot.has_repelling_pods:
        return NO_RULE
    attracting = tuple((term.topology_key, _values(term, pod, snapshot)) for term in wanted)
    repelling = {(term.topology_key, value) for term in unwanted for value in _values(term, pod, snapshot)}
    if snapshot.has_repelling_pods:
        repelling.update(_kept_away_from(pod, snapshot))
    # The first pod of a group that wants to be near itself has nobody to be near to, and may start anywhere.
    nobody = not any(values for _, values in attracting)
    first = nobody and all(_matches(term, pod, pod, snapshot.namespaces) for term in wanted)
    return AffinityRule(attracting, frozenset(repelling), first_of_its_kind=first)


def _values(term: PodAffinityTerm, pod: Pod, snapshot: Snapshot) -> frozenset[str]:
    """The topology's values where a pod is that the term selects."""
    return frozenset(
        value
        for place in snapshot
        if (value := place.node.labels.get(term.topology_key)) is not None
        and any(_matches(term, pod, other, snapshot.namespaces) for other in place.pods)
    )


def _kept_away_from(pod: Pod, snapshot: Snapshot) -> Iterator[_Domain]:
    for place in snapshot:
        for other in place.pods:
            for term in other.spec.affinity.pod_anti_affinity.required:
                value = place.node.labels.get(term.topology_key)
                if value is not None and _matches(term, other, pod, snapshot.namespaces):
                    yield term.topology_key, value


def _matches(term: PodAffinityTerm, owner: Pod, other: Pod, namespaces: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether the term of its owner selects the other pod."""
    if other.is_terminating:
        return False
    if not _in_namespaces(term, owner, other.metadata.namespace, namespaces):
        return False
    selector = narrowed(term.label_selector, owner, term.match_label_keys, term.mismatch_label_keys)
    return selects(selector, other.metadata.labels)


def _in_namespaces(
    term: PodAffinityTerm, owner: Pod, namespace: str, namespaces: Mapping[str, Mapping[str, str]]
) -> bool:
    if not term.namespaces and term.namespace_selector is None:
        return namespace == owner.metadata.namespace
    return namespace in term.namespaces or (
        term.namespace_selector is not None and selects(term.namespace_selector, namespaces.get(namespace, {}))
    )


def narrowed(
    selector: LabelSelector | None, owner: Pod, keys: Iterable[str], other_keys: Iterable[str] = ()
) -> LabelSelector | None:
    """The selector with the owner's own values of `keys` required, those of `other_keys` excluded."""
    if selector is None:
        return None
    labels = owner.metadata.labels
    more = [
        Requirement(key=key, operator=operator, values=(labels[key],))
        for listed, operator in ((keys, "In"), (other_keys, "NotIn"))
        for key in listed
        if key in labels
    ]
    if not more:
        return selector
    return selector.model_copy(update={"match_expressions": (*selector.match_expressions, *more)})
