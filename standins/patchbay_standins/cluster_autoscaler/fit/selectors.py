"""Label selectors and node selectors."""

from collections.abc import Mapping
from functools import lru_cache

from patchbay_standins.cluster_autoscaler.objects import (
    LabelSelector,
    Node,
    NodeSelector,
    NodeSelectorTerm,
    PodSpec,
    Requirement,
)


def holds(requirement: Requirement, labels: Mapping[str, str]) -> bool:
    """One expression. ValueError for an operator that Kubernetes does not have."""
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value in requirement.values
        case "NotIn":
            return value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt":
            return _compares(requirement, value)
    raise ValueError(f"unknown operator {requirement.operator!r} of a selector")


def _compares(requirement: Requirement, value: str | None) -> bool:
    try:
        left, right = int(value or ""), int(requirement.values[0])
    except (ValueError, IndexError):
        return False
    return left > right if requirement.operator == "Gt" else left < right


def selects(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """No selector selects nothing, an empty one everything."""
    if selector is None:
        return False
    return all(labels.get(key) == value for key, value in selector.match_labels.items()) and all(
        holds(requirement, labels) for requirement in selector.match_expressions
    )


def admits_node(selector: NodeSelector, node: Node) -> bool:
    """Whether any of the terms admits the node."""
    return any(_admits(term, node) for term in selector.node_selector_terms)


def _admits(term: NodeSelectorTerm, node: Node) -> bool:
    if not term.match_expressions and not term.match_fields:
        return False
    return all(holds(requirement, node.labels) for requirement in term.match_expressions) and all(
        holds(requirement, _fields(node.name)) for requirement in term.match_fields
    )


@lru_cache(maxsize=1024)
def _fields(name: str) -> Mapping[str, str]:
    return {"metadata.name": name}


def wants_node(spec: PodSpec, node: Node) -> bool:
    """The pod's node selector and its required node affinity."""
    if any(node.labels.get(key) != value for key, value in spec.node_selector.items()):
        return False
    required = spec.affinity.node_affinity.required
    return required is None or admits_node(required, node)
