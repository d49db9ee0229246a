"""Marks that a limit rests on and the record does not have. Without them the limit would hold of nothing."""

from collections.abc import Iterator

from patchbay_loadtests.nodes import legs
from patchbay_loadtests.nodes.timeline import NodeTimeline, Phase, PodTrack


def missing_marks(timeline: NodeTimeline, phase: Phase) -> list[str]:
    """What was not seen of the phase's pods and nodes, although it must have been."""
    nodes = legs.new_nodes(timeline, phase)
    found = [
        f"pod {pod.name}: not seen when it was {mark}"
        for pod in legs.burst(timeline, phase)
        for mark in _missing_of(pod)
    ]
    found += [
        f"pod {pod.name}: not seen Pending (Unschedulable), though it was there before its node {pod.node}"
        for pod in legs.burst(timeline, phase)
        if pod.node in nodes and pod.created < nodes[pod.node].registered and pod.unschedulable is None
    ]
    found += [f"node {node.name}: not seen when it was ready" for node in nodes.values() if node.ready is None]
    given_back = sum(node.gone is not None and phase.fall <= node.gone <= phase.end for node in timeline.nodes)
    if given_back < len(nodes):
        found.append(f"{len(nodes)} nodes were added, and {given_back} were seen to go")
    return found


def _missing_of(pod: PodTrack) -> Iterator[str]:
    for mark in ("scheduled", "running", "ready"):
        if getattr(pod, mark) is None:
            yield mark
    if pod.node is None:
        yield "given a node"
