"""How many nodes of a group the pods need: first fit, the largest pods first."""

from collections.abc import Iterable
from itertools import count

from patchbay_standins.cluster_autoscaler.fit.filters import demand
from patchbay_standins.cluster_autoscaler.fit.snapshot import Place, Snapshot
from patchbay_standins.cluster_autoscaler.objects import Node, Pod
from patchbay_standins.cluster_autoscaler.sample_nodes import renamed

Loads = tuple[tuple[Pod, ...], ...]  # of each new node, the pods that it would take


def estimate(pods: Iterable[Pod], sample: Place, snapshot: Snapshot, limit: int) -> tuple[Loads, dict[str, str]]:
    """The loads of at most `limit` new nodes, and by its key why each of the other pods would not fit."""
    trial = snapshot.copy()
    names: list[str] = []
    loads: dict[str, list[Pod]] = {}
    refused: dict[str, str] = {}
    first_to_try: dict[str, int] = {}  # by equivalence: equal pods did not fit on the nodes before
    hopeless: dict[str, str] = {}
    numbers = count(1)
    for pod in sorted(pods, key=lambda pod: (-_size(pod, sample.node), pod.equivalence, pod.key)):
        kind = pod.equivalence
        if kind in hopeless:
            refused[pod.key] = hopeless[kind]
            continue
        asked = demand(pod, trial)
        # To a pod without wishes about its neighbours, a node that was too full before stays so.
        is_simple = not asked.spread and not pod.spec.affinity.pod_affinity.required
        for index in range(first_to_try.get(kind, 0), len(names)):
            if asked.refusal(trial[names[index]]) is None:
                _take(trial, loads, pod, names[index])
                if is_simple:
                    first_to_try[kind] = index
                break
        else:
            name = f"{sample.node.name}-{next(numbers)}"
            node = renamed(sample, name)
            if len(names) >= limit:
                refused[pod.key] = hopeless[kind] = "max node group size reached"
                continue
            trial.add(node)
            reason = demand(pod, trial).refusal(node)
            if reason is not None:
                trial.remove(name)
                refused[pod.key] = reason
                if is_simple:
                    hopeless[kind] = reason
                continue
            names.append(name)
            if is_simple:
                first_to_try[kind] = len(names) - 1
            _take(trial, loads, pod, name)
    return tuple(tuple(loads[name]) for name in names), refused


def _take(trial: Snapshot, loads: dict[str, list[Pod]], pod: Pod, name: str) -> None:
    trial.put(pod.on(name), name)
    loads.setdefault(name, []).append(pod)


def _size(pod: Pod, node: Node) -> float:
    """The share of an empty node's CPU and memory, added."""
    offered = node.status.allocatable
    return sum(pod.spec.requests.get(name, 0) / offered[name] for name in ("cpu", "memory") if offered.get(name))
