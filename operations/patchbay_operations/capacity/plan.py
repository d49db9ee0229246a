"""A capacity plan in the form in which it is kept, and how it is made."""

from itertools import pairwise
from typing import Final

import numpy as np

from patchbay_operations.capacity import cost, limits
from patchbay_operations.capacity.cost import Cost
from patchbay_operations.capacity.limits import Limit
from patchbay_operations.capacity.profile import Profile
from patchbay_operations.capacity.record import Record
from patchbay_operations.capacity.service_time import ticked
from patchbay_operations.capacity.simulation.clock import Clock
from patchbay_operations.capacity.simulation.engine import Outcome, simulate
from patchbay_operations.capacity.simulation.processes import Counts, Floats, Processes
from patchbay_operations.capacity.simulation.setting import Environment
from patchbay_operations.capacity.timing import Timing
from patchbay_operations.capacity.waiting import Waits, together, waits

# About as many points as a chart has columns.
_SAMPLES: Final = 1440


class Waiting(Record):
    """Seconds that processes waited for a slot."""

    mean: float
    p95: float
    max: float


class ShapePlan(Record):
    """One shape over the whole time; `arrived == done + waiting_at_end + running_at_end`.

    `scale_downs`: how often its pods became fewer; `scale_downs_undone`: how often more again within two minutes.
    """

    name: str
    arrived: int
    done: int
    waiting_at_end: int
    running_at_end: int
    wait_seconds: Waiting
    peak_pods: int
    peak_backlog: int
    pod_hours: float
    scale_downs: int
    scale_downs_undone: int
    max_pods: int


class GroupPlan(Record):
    """One node group over the whole time; `allocatable_*`: of one node."""

    name: str
    instance_type: str
    capacity: str
    peak_nodes: int
    max_nodes: int
    node_hours: float
    allocatable_cpu: int
    allocatable_memory_mib: int
    allocatable_pods: int


class Series(Record):
    """Columns of equal length. `hour` since the start; waits are those of the processes that arrived in the sample."""

    hour: tuple[float, ...]
    waiting: tuple[int, ...]
    running: tuple[int, ...]
    pods_desired: tuple[int, ...]
    pods_ready: tuple[int, ...]
    pods_pending: tuple[int, ...]
    headroom_pods: tuple[int, ...]
    nodes_ready: tuple[int, ...]
    nodes_paid: tuple[int, ...]
    wait_mean_seconds: tuple[float, ...]
    wait_p95_seconds: tuple[float, ...]
    wait_max_seconds: tuple[float, ...]
    usd_per_hour: tuple[float, ...]
    pods_ready_by_shape: dict[str, tuple[int, ...]]
    backlog_by_shape: dict[str, tuple[int, ...]]
    nodes_paid_by_group: dict[str, tuple[int, ...]]


class Plan(Record):
    """`plan.json`."""

    profile: str
    stack: str
    cluster: str
    seed: int
    hours: float
    tick_seconds: float
    timing: dict[str, float]
    wait_seconds: Waiting
    peak_pods: int
    peak_pending_pods: int
    longest_pending_seconds: float
    peak_nodes: int
    shapes: tuple[ShapePlan, ...]
    groups: tuple[GroupPlan, ...]
    cost: Cost
    warnings: tuple[Limit, ...]
    remarks: tuple[str, ...]
    series: Series


def make_plan(
    profile: Profile,
    environment: Environment,
    timing: Timing,
    *,
    seed: int,
    tick_seconds: float = 1.0,
    prices: str = "",
) -> Plan:
    """Simulate the profile on the environment. `prices`: where the prices are from, for the reader."""
    clock = Clock(tick_seconds)
    ticks = clock.period(profile.hours * 3600)
    arrivals_seed, service_seed, platform_seed = np.random.SeedSequence(seed).spawn(3)
    load = Processes(
        lambda numbers: _per_tick(profile, numbers, tick_seconds),
        [ticked(shape.seconds, tick_seconds) for shape in profile.shapes.values()],
        ticks=ticks,
        poisson=profile.poisson,
        arrivals_seed=arrivals_seed,
        service_seed=service_seed,
    )
    outcome = simulate(
        environment,
        profile.settings(),
        load,
        timing,
        clock=clock,
        ticks=ticks,
        sample_ticks=max(ticks // _SAMPLES, 1),
        seed=platform_seed,
        start=load.prime(),
    )
    by_shape = [
        waits(load.arrivals[:, index], load.starts[:, index], tick_seconds) for index in range(len(profile.shapes))
    ]
    everything = together(by_shape)
    return Plan(
        profile=profile.name,
        stack=environment.stack,
        cluster=environment.cluster,
        seed=seed,
        hours=profile.hours,
        tick_seconds=tick_seconds,
        timing=timing.model_dump(),
        wait_seconds=_waiting(everything),
        peak_pods=int(outcome.total_pods.max()),
        peak_pending_pods=int(outcome.total_pending.max()),
        longest_pending_seconds=limits.longest_run(outcome.total_pending > 0) * tick_seconds,
        peak_nodes=int(np.array(outcome.recording.nodes_paid).sum(axis=1).max()),
        shapes=tuple(_shapes(profile, load, outcome, by_shape)),
        groups=tuple(_groups(environment, outcome)),
        cost=cost.of(environment, outcome, prices),
        warnings=tuple(limits.reached(environment, profile.settings(), outcome, load, busiest=profile.busiest())),
        remarks=environment.remarks,
        series=_series(profile, environment, outcome, everything),
    )


def _per_tick(profile: Profile, ticks: Counts, tick_seconds: float) -> Floats:
    rates = profile.rates(ticks * tick_seconds / 3600)
    return np.stack(list(rates.values()), axis=1) * (tick_seconds / 60)


def _waiting(found: Waits) -> Waiting:
    return Waiting(mean=round(found.mean(), 3), p95=round(found.percentile(95), 3), max=round(found.longest(), 3))


def _shapes(profile: Profile, load: Processes, outcome: Outcome, by_shape: list[Waits]) -> list[ShapePlan]:
    backlog = np.array(outcome.recording.waiting)
    hours = outcome.clock.tick_seconds / 3600
    return [
        ShapePlan(
            name=setting.name,
            arrived=int(load.arrived[index]),
            done=int(load.done[index]),
            waiting_at_end=int(load.waiting[index]),
            running_at_end=int(load.running[index]),
            wait_seconds=_waiting(by_shape[index]),
            peak_pods=int(outcome.peak_pods[index]),
            peak_backlog=int(backlog[:, index].max()),
            pod_hours=round(float(outcome.pod_ticks[index]) * hours, 3),
            scale_downs=int(outcome.scaled_down[index]),
            scale_downs_undone=int(outcome.undone[index]),
            max_pods=setting.max_pods,
        )
        for index, setting in enumerate(profile.settings())
    ]


def _groups(environment: Environment, outcome: Outcome) -> list[GroupPlan]:
    hours = outcome.clock.tick_seconds / 3600
    return [
        GroupPlan(
            name=group.name,
            instance_type=group.instance_type,
            capacity=group.capacity,
            peak_nodes=int(outcome.peak_nodes[index]),
            max_nodes=group.max_nodes,
            node_hours=round(float(outcome.node_ticks[index]) * hours, 3),
            allocatable_cpu=group.allocatable.cpu,
            allocatable_memory_mib=group.allocatable.memory,
            allocatable_pods=group.allocatable.pods,
        )
        for index, group in enumerate(environment.groups)
    ]


def _series(profile: Profile, environment: Environment, outcome: Outcome, everything: Waits) -> Series:
    recording, names = outcome.recording, list(profile.shapes)
    edges = [*recording.ticks, len(outcome.total_pods)]
    per_sample = [_waiting(everything.between(first, end)) for first, end in pairwise(edges)]
    ready, paid, waiting = np.array(recording.ready), np.array(recording.nodes_paid), np.array(recording.waiting)
    return Series(
        hour=tuple(round(tick * outcome.clock.tick_seconds / 3600, 5) for tick in recording.ticks),
        waiting=_sums(recording.waiting),
        running=_sums(recording.running),
        pods_desired=_sums(recording.desired),
        pods_ready=_sums(recording.ready),
        pods_pending=_sums(recording.pending),
        headroom_pods=tuple(recording.headroom),
        nodes_ready=_sums(recording.nodes_ready),
        nodes_paid=_sums(recording.nodes_paid),
        wait_mean_seconds=tuple(sample.mean for sample in per_sample),
        wait_p95_seconds=tuple(sample.p95 for sample in per_sample),
        wait_max_seconds=tuple(sample.max for sample in per_sample),
        usd_per_hour=tuple(cost.per_hour(environment, counts) for counts in recording.nodes_paid),
        pods_ready_by_shape={name: _column(ready, index) for index, name in enumerate(names)},
        backlog_by_shape={name: _column(waiting, index) for index, name in enumerate(names)},
        nodes_paid_by_group={group.name: _column(paid, index) for index, group in enumerate(environment.groups)},
    )


def _sums(rows: list[Counts]) -> tuple[int, ...]:
    return tuple(int(row.sum()) for row in rows)


def _column(rows: Counts, index: int) -> tuple[int, ...]:
    return tuple(int(value) for value in rows[:, index])
