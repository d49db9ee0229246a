"""Where the time goes between a pod that fits nowhere and the pod running, and on the way back."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from patchbay_loadtests.nodes.timeline import Look, NodeTimeline, NodeTrack, Phase, PodTrack
from patchbay_loadtests.proof.timeline import Record

OUT_LEGS: Final = {
    "trigger": "pod seen Pending (Unschedulable) until the autoscaler raised the group's capacity for it",
    "register": "capacity raised until the node is registered",
    "node_ready": "registered until the node is Ready",
    "schedule": "node Ready until the pod has its place on it",
    "start": "on the node until the pod runs",
}
IN_LEGS: Final = {
    "pods": "load gone until the last surplus pod is gone",
    "unneeded": "surplus pods gone until the autoscaler marks the node as unneeded",
    "drain": "marked until the node is drained",
    "remove": "drained until the node is gone",
}


class ScaleOut(Record):
    """A pod that had to wait for a node, in seconds: each leg, from Pending to running, and from Pending to Ready.

    `pending_to_ready` is None for what was not seen Ready.
    """

    pod: str
    kind: str
    node: str
    legs: dict[str, float]
    pending_to_running: float
    pending_to_ready: float | None = None


class ScaleIn(Record):
    """A node that was given back, in seconds: each leg, and how long after its unneeded time was over it was gone."""

    node: str
    legs: dict[str, float]
    after_unneeded_time: float


def in_phase(phase: Phase, at: float | None) -> bool:
    """True for a time between the phase's beginning and its end."""
    return at is not None and phase.change <= at <= phase.end


def burst(timeline: NodeTimeline, phase: Phase) -> list[PodTrack]:
    """The workers of the steered shape that came for the phase's load."""
    return [
        pod
        for pod in timeline.pods
        if pod.kind == "worker" and pod.shape == timeline.shape and phase.change <= pod.created <= phase.fall
    ]


def new_nodes(timeline: NodeTimeline, phase: Phase) -> dict[str, NodeTrack]:
    """The nodes that were registered in the phase."""
    return {
        node.name: node
        for node in timeline.nodes
        if in_phase(phase, node.registered) and node.name not in timeline.start_nodes
    }


def scale_outs(timeline: NodeTimeline, phase: Phase) -> tuple[ScaleOut, ...]:
    """The workers and placeholders that were Pending and run on a node of this phase, the slowest last."""
    nodes = new_nodes(timeline, phase)
    pods = [
        pod
        for pod in timeline.pods
        if pod.node in nodes and in_phase(phase, pod.created) and pod.unschedulable is not None
    ]
    found = [_scale_out(timeline, phase, pod, nodes[pod.node]) for pod in pods if pod.node is not None]
    return tuple(sorted((each for each in found if each is not None), key=lambda each: each.pending_to_running))


def raised_at(timeline: NodeTimeline, phase: Phase, until: float) -> float | None:
    """When the autoscaler's status first asked for more nodes than at the phase's beginning."""
    looks = [look for look in timeline.looks if phase.change <= look.at <= until and look.wanted is not None]
    before = _wanted_before(timeline.looks, phase)
    return next((look.at for look in looks if before is not None and look.wanted and look.wanted > before), None)


def scale_ins(
    timeline: NodeTimeline, phase: Phase, *, unneeded_seconds: float, delay_after_add_seconds: float
) -> tuple[ScaleIn, ...]:
    """The nodes that were given back after the load fell.

    A node may go when it has been unneeded for `unneeded_seconds` and when `delay_after_add_seconds` have passed since
    the last node was asked for.
    """
    surplus = [pod.gone for pod in burst(timeline, phase) if pod.gone is not None and pod.gone >= phase.fall]
    emptied = max(surplus, default=phase.fall)
    triggers = [pod.triggered for pod in timeline.pods if in_phase(phase, pod.triggered)]
    raised = raised_at(timeline, phase, phase.fall)
    added = max([mark for mark in (*triggers, raised) if mark is not None], default=None)
    found = []
    for node in timeline.nodes:
        if node.gone is None or not phase.fall <= node.gone <= phase.end:
            continue
        # Without a mark of its own (the autoscaler limits how many it sets) the node is unneeded once it is emptied.
        unneeded = max(node.unneeded if node.unneeded is not None else emptied, phase.fall)
        marks = _ordered([phase.fall, min(emptied, unneeded), unneeded, node.draining or node.gone, node.gone])
        may_go = unneeded + unneeded_seconds
        if added is not None:
            may_go = max(may_go, added + delay_after_add_seconds)
        found.append(
            ScaleIn(
                node=node.name,
                legs=_legs(IN_LEGS, marks),
                after_unneeded_time=round(max(0.0, node.gone - may_go), 2),
            )
        )
    return tuple(found)


def _scale_out(timeline: NodeTimeline, phase: Phase, pod: PodTrack, node: NodeTrack) -> ScaleOut | None:
    if pod.unschedulable is None or node.ready is None or pod.scheduled is None or pod.running is None:
        return None
    triggered = pod.triggered if pod.triggered is not None else raised_at(timeline, phase, node.registered)
    raised = triggered if triggered is not None else node.registered
    marks = _ordered([pod.unschedulable, raised, node.registered, node.ready, pod.scheduled, pod.running])
    return ScaleOut(
        pod=pod.name,
        kind=pod.kind,
        node=node.name,
        legs=_legs(OUT_LEGS, marks),
        pending_to_running=round(marks[-1] - marks[0], 2),
        pending_to_ready=None if pod.ready is None else round(pod.ready - marks[0], 2),
    )


def _wanted_before(looks: Sequence[Look], phase: Phase) -> int | None:
    return next((look.wanted for look in reversed(looks) if look.at < phase.change and look.wanted is not None), None)


def _ordered(marks: Sequence[float]) -> list[float]:
    """Two looks may see neighbouring marks in either order: a mark never lies before the one it follows."""
    ordered: list[float] = []
    for mark in marks:
        ordered.append(max(mark, ordered[-1]) if ordered else mark)
    return ordered


def _legs(names: dict[str, str], marks: Sequence[float]) -> dict[str, float]:
    return {name: round(later - earlier, 2) for name, (earlier, later) in zip(names, pairwise(marks), strict=True)}
