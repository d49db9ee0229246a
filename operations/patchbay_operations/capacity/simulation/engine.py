"""One run: the load, what sees it, what scales it, and a record of all that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from patchbay_operations.capacity.simulation.clock import Clock
from patchbay_operations.capacity.simulation.cluster import Cluster
from patchbay_operations.capacity.simulation.metric import Metric
from patchbay_operations.capacity.simulation.pod_autoscaler import PodAutoscalers
from patchbay_operations.capacity.simulation.processes import Counts, Load
from patchbay_operations.capacity.simulation.setting import Environment, Phases, ShapeSetting
from patchbay_operations.capacity.timing import Timing


@dataclass
class Recording:
    """Rows of counts, one per sample: by shape, and for nodes by group."""

    ticks: list[int] = field(default_factory=list)
    waiting: list[Counts] = field(default_factory=list)
    running: list[Counts] = field(default_factory=list)
    desired: list[Counts] = field(default_factory=list)
    pending: list[Counts] = field(default_factory=list)
    ready: list[Counts] = field(default_factory=list)
    nodes_ready: list[Counts] = field(default_factory=list)
    nodes_paid: list[Counts] = field(default_factory=list)
    headroom: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """What a run has come to. Sums are over ticks; `total_pods` and `total_pending` have one entry per tick."""

    clock: Clock
    recording: Recording
    node_ticks: Counts
    pod_ticks: Counts
    peak_pods: Counts
    peak_nodes: Counts
    total_pods: Counts
    total_pending: Counts
    capped: Counts
    scaled_down: Counts
    undone: Counts
    refused: Counts
    refused_by_total: int
    over_quota: int


def simulate(
    environment: Environment,
    shapes: Sequence[ShapeSetting],
    load: Load,
    timing: Timing,
    *,
    clock: Clock,
    ticks: int,
    sample_ticks: int,
    seed: np.random.SeedSequence,
    start: Counts,
    phases: Phases | None = None,
    occupied: Mapping[int, bool] | None = None,
) -> Outcome:
    """Run so many ticks. `start`: processes by shape that the platform has settled on before the first tick.

    `occupied`: the ticks from which on something else takes all free room of the nodes (True) or gives it back.
    """
    random = np.random.default_rng(seed)
    phases = phases or Phases()
    metric = Metric(environment.path, timing.metric_delay_seconds, clock, phases, shapes=len(shapes), random=random)
    autoscalers = PodAutoscalers(shapes, environment.path, clock, phases, random=random)
    cluster = Cluster(environment, shapes, timing, clock, random=random)
    metric.begin(start)
    autoscalers.begin(start)
    cluster.begin(autoscalers.desired)
    slots = np.array([shape.threshold for shape in shapes], np.int64)

    recording = Recording()
    node_ticks = np.zeros(len(environment.groups), np.int64)
    pod_ticks = np.zeros(len(shapes), np.int64)
    peak_nodes, peak_pods = node_ticks.copy(), pod_ticks.copy()
    total_pods, total_pending = np.zeros(ticks, np.int64), np.zeros(ticks, np.int64)
    for tick in range(ticks):
        cluster.step(tick)
        if occupied and tick in occupied:
            (cluster.occupy if occupied[tick] else cluster.vacate)()
        load.step(tick, cluster.ready * slots)
        metric.step(tick, load.waiting, load.running)
        changed = list(autoscalers.sync(tick, metric.shown))
        if changed or cluster.held_back:
            cluster.set_wanted(autoscalers.desired)
        cluster.schedule()
        node_ticks += cluster.pool.billed
        pod_ticks += cluster.pods
        np.maximum(peak_nodes, cluster.pool.billed, out=peak_nodes)
        np.maximum(peak_pods, cluster.pods, out=peak_pods)
        total_pods[tick] = cluster.pods.sum()
        total_pending[tick] = cluster.pending.sum()
        if tick % sample_ticks == 0:
            recording.ticks.append(tick)
            recording.waiting.append(load.waiting.copy())
            recording.running.append(load.running.copy())
            recording.desired.append(autoscalers.desired.copy())
            _note(recording, cluster, environment.headroom.pods)
    return Outcome(
        clock=clock,
        recording=recording,
        node_ticks=node_ticks,
        pod_ticks=pod_ticks,
        peak_pods=peak_pods,
        peak_nodes=peak_nodes,
        total_pods=total_pods,
        total_pending=total_pending,
        capped=autoscalers.capped,
        scaled_down=autoscalers.scaled_down,
        undone=autoscalers.undone,
        refused=cluster.autoscaler.refused,
        refused_by_total=cluster.autoscaler.refused_by_total,
        over_quota=cluster.over_quota,
    )


def _note(recording: Recording, cluster: Cluster, headroom: int) -> None:
    recording.pending.append(cluster.pending.copy())
    recording.ready.append(cluster.ready.copy())
    recording.nodes_ready.append(cluster.pool.ready.copy())
    recording.nodes_paid.append(cluster.pool.billed.copy())
    recording.headroom.append(headroom - cluster.placeholders_pending)
