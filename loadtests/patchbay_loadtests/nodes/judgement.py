"""The verdict over a recorded node proof. Pure functions: a record gives the same verdict for ever."""

from collections.abc import Iterator, Sequence
from statistics import median

from pydantic import Field

from patchbay_loadtests.core.objectives import read_objectives
from patchbay_loadtests.nodes import legs
from patchbay_loadtests.nodes.autoscaler import AutoscalerTimes
from patchbay_loadtests.nodes.legs import ScaleIn, ScaleOut
from patchbay_loadtests.nodes.marks import missing_marks
from patchbay_loadtests.nodes.timeline import Look, NodeTimeline, Phase, PodTrack
from patchbay_loadtests.proof.judgement import gap_reasons, longest_gap
from patchbay_loadtests.proof.timeline import Record


class Limits(Record):
    """What the environment promises, in seconds.

    `node_start`: from Pending to running on a new node. `headroom_extra`: how much later than a warm pod one is Ready
    that takes a placeholder's room. `scale_in`: from the end of a node's unneeded time until it is gone. `warm` and
    `headroom`: from created until Ready, whatever its peer took, so that a slow warm phase does not widen the other.
    """

    node_start: float = Field(default=10, gt=0)
    headroom_extra: float = Field(default=5, gt=0)
    scale_in: float = Field(default=60, gt=0)
    warm: float = Field(default_factory=lambda: read_objectives().nodes.warm_pod_ready_seconds, gt=0)
    headroom: float = Field(default_factory=lambda: read_objectives().nodes.headroom_pod_ready_seconds, gt=0)

    def pod_ready(self, phase: str, warm: float | None) -> float | None:
        """How long a pod of this phase may take from created until Ready; `warm`: what its warm peer took, if any."""
        if phase == "warm":
            return self.warm
        if phase != "within-headroom":
            return None
        # Without a peer it is held to the slowest that a warm pod may be.
        return min(self.headroom, self.headroom_extra + (self.warm if warm is None else warm))


class Figure(Record):
    """The slowest of its kind beside its limit, the first and the median of as many.

    `ratio` is the slowest by that of the warm pods of the same run.
    """

    name: str
    seconds: float
    limit: float | None
    ratio: float | None = None
    first: float
    median: float

    @property
    def kept(self) -> bool:
        """True when there is no limit or it is kept."""
        return self.limit is None or self.seconds <= self.limit


class PhaseVerdict(Record):
    """One phase's outcome; `pods_ready` are the burst's seconds from created to Ready, the slowest last."""

    name: str
    burst_pods: int
    pending_pods: int
    nodes_added: int
    passed: bool
    pods_ready: tuple[float, ...]
    scale_outs: tuple[ScaleOut, ...]
    scale_ins: tuple[ScaleIn, ...]
    reasons: tuple[str, ...] = ()


def judge_phase(timeline: NodeTimeline, phase: Phase, times: AutoscalerTimes) -> PhaseVerdict:
    """Whether the phase's pods got their places in the way that the phase is about, and all was given back."""
    pods = legs.burst(timeline, phase)
    outs = legs.scale_outs(timeline, phase)
    reasons = [
        *_burst_reasons(phase, pods),
        *_loss_reasons(timeline, phase),
        *(_room_reasons(timeline, phase, pods) if phase.name in {"warm", "within-headroom"} else []),
        *(_headroom_reasons(timeline, phase) if phase.name == "within-headroom" else []),
        *(_node_reasons(timeline, phase, pods) if phase.name in {"beyond-headroom", "without-headroom"} else []),
        *_return_reasons(timeline, phase),
        *_gap_reasons(timeline, phase),
        *missing_marks(timeline, phase),
    ]
    return PhaseVerdict(
        name=phase.name,
        burst_pods=phase.burst_pods,
        pending_pods=sum(pod.unschedulable is not None for pod in pods),
        nodes_added=len(legs.new_nodes(timeline, phase)),
        passed=not reasons,
        pods_ready=tuple(sorted(round(pod.ready - pod.created, 2) for pod in pods if pod.ready is not None)),
        scale_outs=outs,
        scale_ins=legs.scale_ins(
            timeline,
            phase,
            unneeded_seconds=times.unneeded,
            delay_after_add_seconds=times.delay_after_add,
        ),
        reasons=tuple(f"{phase.name}: {reason}" for reason in reasons),
    )


def figures(verdicts: tuple[PhaseVerdict, ...], limits: Limits) -> tuple[Figure, ...]:
    """What was measured of each kind beside its limit, the slowest of each."""
    by_name = {verdict.name: verdict for verdict in verdicts}
    warm = max(by_name["warm"].pods_ready, default=None) if "warm" in by_name else None
    return tuple(figure for verdict in verdicts for figure in _figures(verdict, warm, limits))


def _figures(verdict: PhaseVerdict, warm: float | None, limits: Limits) -> Iterator[Figure]:
    name = verdict.name
    workers = [out for out in verdict.scale_outs if out.kind == "worker"]
    if verdict.pods_ready:
        label = "warm pod, created until Ready" if name == "warm" else f"{name}: pod, created until Ready"
        ratio = round(verdict.pods_ready[-1] / warm, 2) if warm else None
        yield _figure(label, verdict.pods_ready, limits.pod_ready(name, warm), ratio)
    if workers:
        running = [out.pending_to_running for out in workers]
        yield _figure(f"{name}: Pending until running on a new node", running, limits.node_start)
        if ready := [out.pending_to_ready for out in workers if out.pending_to_ready is not None]:
            yield _figure(f"{name}: Pending until Ready on a new node", ready)
    if gone := [scale_in.after_unneeded_time for scale_in in verdict.scale_ins]:
        yield _figure(f"{name}: node gone, after its unneeded time", gone, limits.scale_in)


def _figure(name: str, measured: Sequence[float], limit: float | None = None, ratio: float | None = None) -> Figure:
    return Figure(
        name=name,
        seconds=max(measured),
        limit=limit,
        ratio=ratio,
        first=min(measured),
        median=round(median(measured), 2),
    )


def figure_reasons(found: tuple[Figure, ...]) -> list[str]:
    """The limits that are not kept."""
    return [
        f"too slow: {figure.name}: {figure.seconds:.1f} s of {figure.limit:.1f} s"
        for figure in found
        if figure.limit is not None and not figure.kept
    ]


def _burst_reasons(phase: Phase, pods: list[PodTrack]) -> list[str]:
    ready = [pod for pod in pods if pod.ready is not None and pod.ready <= phase.fall]
    if len(ready) < phase.burst_pods:
        return [f"{len(ready)} of {phase.burst_pods} further pods became ready before the load was taken away"]
    return []


def _loss_reasons(timeline: NodeTimeline, phase: Phase) -> list[str]:
    lost = [node.name for node in timeline.nodes if _in_burst(phase, node.gone)]
    return [f"nodes went away while the load was on: {', '.join(lost)}"] if lost else []


def _room_reasons(timeline: NodeTimeline, phase: Phase, pods: list[PodTrack]) -> list[str]:
    """The burst's pods run on nodes that were there before."""
    elsewhere = sorted({pod.node for pod in pods if pod.node and pod.node not in _nodes_before(timeline, phase)})
    return [f"pods of the burst waited for new nodes: {', '.join(elsewhere)}"] if elsewhere else []


def _headroom_reasons(timeline: NodeTimeline, phase: Phase) -> list[str]:
    placeholders = [pod for pod in timeline.pods if pod.kind == "placeholder"]
    pushed = [pod for pod in placeholders if _in_burst(phase, pod.leaving or pod.gone)]
    if not pushed:
        return ["no placeholder was pushed out"]
    reasons = []
    held = [look for look in timeline.looks if look.at < phase.fall]
    if not held or held[-1].placeholders < timeline.placeholders:
        seen = held[-1].placeholders if held else 0
        reasons.append(f"{seen} of {timeline.placeholders} placeholders ran again before the load was taken away")
    nodes = legs.new_nodes(timeline, phase)
    back = [pod for pod in placeholders if pod.node in nodes and _in_burst(phase, pod.running)]
    if not back:
        reasons.append("no placeholder came back on a new node")
    return reasons


def _in_burst(phase: Phase, at: float | None) -> bool:
    """True for a time at which the phase's load was on."""
    return at is not None and phase.change <= at <= phase.fall


def _node_reasons(timeline: NodeTimeline, phase: Phase, pods: list[PodTrack]) -> list[str]:
    reasons = []
    if not any(pod.unschedulable is not None for pod in pods):
        reasons.append("no pod of the burst was seen Pending (Unschedulable): the nodes had room")
    raised = legs.raised_at(timeline, phase, phase.fall)
    if raised is None and not any(_in_burst(phase, pod.triggered) for pod in timeline.pods):
        reasons.append("the autoscaler did not raise any group's capacity")
    nodes = legs.new_nodes(timeline, phase)
    if not nodes:
        reasons.append("no node was added")
    elif not any(node.ready is not None for node in nodes.values()):
        reasons.append("no added node became Ready")
    elif not any(pod.node in nodes for pod in pods):
        reasons.append("no pod of the burst runs on an added node")
    return reasons


def _return_reasons(timeline: NodeTimeline, phase: Phase) -> list[str]:
    last = _last_look(timeline, phase)
    if last is None:
        return ["nothing was recorded"]
    reasons = []
    if last.nodes != len(timeline.start_nodes):
        reasons.append(f"{last.nodes} nodes in the end, {len(timeline.start_nodes)} at the start")
    samples = [sample for sample in timeline.samples if phase.fall <= sample.at <= phase.end]
    if not samples or samples[-1].steered.replicas != 1:
        seen = samples[-1].steered.replicas if samples else "no"
        reasons.append(f"{seen} pods of {timeline.shape} in the end, 1 at the start")
    if phase.name != "without-headroom" and last.placeholders != timeline.placeholders:
        reasons.append(f"{last.placeholders} placeholders in the end, {timeline.placeholders} at the start")
    return reasons


def _gap_reasons(timeline: NodeTimeline, phase: Phase) -> list[str]:
    times = [phase.change, *(look.at for look in timeline.looks if legs.in_phase(phase, look.at)), phase.end]
    return gap_reasons(longest_gap(times))


def _last_look(timeline: NodeTimeline, phase: Phase) -> Look | None:
    return next((look for look in reversed(timeline.looks) if legs.in_phase(phase, look.at)), None)


def _nodes_before(timeline: NodeTimeline, phase: Phase) -> set[str]:
    return {
        node.name
        for node in timeline.nodes
        if node.registered < phase.change and (node.gone is None or node.gone > phase.change)
    }
