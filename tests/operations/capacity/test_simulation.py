"""The platform in ticks does what the platform does."""

from dataclasses import replace

import numpy as np
import pytest
from patchbay_operations.capacity.limits import longest_run
from patchbay_operations.capacity.service_time import Seconds, ticked
from patchbay_operations.capacity.simulation.processes import Processes
from patchbay_operations.capacity.simulation.setting import Quota
from patchbay_operations.capacity.timing import Timing
from patchbay_operations.capacity.waiting import waits

from tests.operations.capacity.environments import ZONES, environment, group, held, run, shape


@pytest.mark.parametrize(("processes", "pods"), [(0, 1), (7, 1), (8, 2), (15, 2), (16, 3), (40, 6), (10_000, 100)])
def test_a_shape_gets_a_pod_for_each_full_threshold_and_one_more_up_to_its_maximum(processes: int, pods: int) -> None:
    outcome = run(held((10, 0), (300, processes)), environment())
    assert outcome.recording.desired[-1] == [pods]
    assert outcome.recording.ready[-1] == [pods]


def test_a_second_pod_comes_after_scrape_sync_and_start_and_not_before() -> None:
    outcome = run(held((30, 7), (60, 8)), environment(), timing=Timing(metric_delay_seconds=1, pod_start_seconds=4))
    ready = np.array(outcome.recording.ready)[:, 0]
    came = int(np.argmax(ready == 2)) - 30
    # At the earliest the pod's start, at the latest a scrape, the delay and a sync before that.
    assert 4 <= came <= 2 + 1 + 5 + 4
    assert (ready[:30] == 1).all()


def test_pods_leave_only_when_fewer_have_been_enough_for_the_whole_window() -> None:
    outcome = run(held((60, 40), (5, 0), (60, 40), (60, 0)), environment())
    ready = np.array(outcome.recording.ready)[:, 0]
    assert (ready[30:125] == 6).all()
    fell = int(np.argmax(ready[125:] == 1))
    # The last sync that still wanted six was up to a period before the load went.
    assert 15 - 5 <= fell <= 15 + 5 + 2 + 5


def test_a_scale_down_counts_as_undone_when_the_pods_are_back_within_two_minutes() -> None:
    soon = run(held((10, 0), (60, 8 * 5), (40, 0), (60, 8 * 5), (200, 0), (60, 8 * 5), (60, 0)), environment())
    assert (soon.scaled_down.tolist(), soon.undone.tolist()) == ([3], [1])


def test_pods_that_fit_on_no_node_get_one_and_it_is_given_back() -> None:
    outcome = run(held((10, 0), (200, 8 * 14), (400, 0)), environment())
    nodes = np.array(outcome.recording.nodes_ready)[:, 0]
    pending = np.array(outcome.recording.pending)[:, 0]
    assert nodes[0] == 1
    assert pending.max() == 5
    assert nodes.max() == 2
    asked, came = (int(np.argmax(np.array(line)[:, 0] == 2)) for line in (outcome.recording.nodes_paid, nodes[:, None]))
    assert came - asked == 40
    assert pending[-1] == 0
    assert nodes[-1] == 1


def test_a_burst_within_the_headroom_waits_for_no_node_and_the_headroom_comes_back() -> None:
    burst = held((10, 0), (300, 8 * 14))
    without, within = (run(burst, environment(group(min_nodes=2), headroom=placeholders)) for placeholders in (0, 6))
    assert without.total_pending.max() == 0, "two nodes hold the burst"
    assert within.total_pending.max() == 0
    headroom = np.array(within.recording.headroom)
    assert headroom[0] == 6
    assert headroom.min() == 5, "15 pods leave room for 5 of 6 placeholders"
    assert headroom[-1] == 6
    assert within.recording.nodes_ready[-1][0] == 3


def test_a_burst_beyond_the_headroom_waits_for_a_node() -> None:
    outcome = run(held((10, 0), (300, 8 * 24)), environment(group(min_nodes=2), headroom=6))
    assert outcome.total_pending.max() == 5
    assert longest_run(outcome.total_pending > 0) >= 40


def test_a_group_never_has_more_nodes_than_its_maximum() -> None:
    outcome = run(held((10, 0), (600, 8 * 90)), environment(group(max_nodes=4)))
    assert np.array(outcome.recording.nodes_paid).max() == 4
    assert outcome.recording.pending[-1] == [91 - 40]
    assert outcome.refused.tolist() == [91 - 40]


def test_all_groups_together_never_have_more_nodes_than_they_may() -> None:
    on = environment(group(), group(name="flows-spot", template="spot", capacity="spot"))
    on = replace(on, nodes=replace(on.nodes, most_nodes=5))
    outcome = run(held((10, 0), (600, 8 * 90)), on)
    assert np.array(outcome.recording.nodes_paid).sum(axis=1).max() == 5
    assert outcome.refused_by_total > 0


def test_the_group_of_the_highest_priority_grows_first_and_the_others_once_it_is_full() -> None:
    spot = group(name="flows-spot", template="spot", capacity="spot", min_nodes=0, max_nodes=4, priority=20)
    on = environment(group(min_nodes=1, priority=10), spot)
    on = replace(on, nodes=replace(on.nodes, expanders=("priority", "least-waste")))
    few, many = (run(held((10, 0), (600, 8 * pods)), on).recording.nodes_paid[-1].tolist() for pods in (39, 79))
    assert few == [1, 3]
    assert many == [4, 4]


def test_zonal_groups_grow_alike() -> None:
    groups = [group(name=f"flows-{zone}", zones=(zone,), min_nodes=0) for zone in ZONES]
    outcome = run(held((10, 0), (300, 8 * 88)), environment(*groups))
    assert outcome.recording.nodes_ready[-1].tolist() == [3, 3, 3]


def test_the_namespaces_quota_keeps_pods_from_being_created() -> None:
    outcome = run(held((10, 0), (100, 8 * 40)), environment(quota=Quota(cpu=1500, memory=100_000, pods=1000)))
    assert outcome.total_pods.max() == 15
    assert outcome.over_quota == 41 - 15


def test_an_idle_node_moves_its_pods_before_it_goes() -> None:
    shapes = (shape(), shape(name="other"))
    busy = held((10, 0), (120, 8 * 12), (600, 0))
    counts = np.concatenate([busy, busy], axis=1)
    outcome = run(counts, environment(), shapes=shapes)
    assert np.array(outcome.recording.nodes_ready).max() == 3
    assert outcome.recording.nodes_ready[-1].tolist() == [1]
    assert outcome.recording.ready[-1].tolist() == [1, 1]


@pytest.mark.parametrize("poisson", [True, False])
@pytest.mark.parametrize("mean", [0.01, 0.3, 1.0, 12.0])
def test_what_arrives_is_done_waiting_or_running_at_all_times(mean: float, *, poisson: bool) -> None:
    load = _processes(mean, poisson=poisson, per_tick=6 / mean)
    load.prime()
    for tick in range(600):
        load.step(tick, np.array([16 if tick % 200 < 120 else 3]))
        assert (load.arrived == load.waiting + load.running + load.done).all()
        assert (load.waiting >= 0).all()
        assert (load.done >= 0).all()
    assert load.done.sum() > 0


@pytest.mark.parametrize("mean", [0.02, 0.4, 1.0, 5.0])
def test_slots_that_are_always_busy_finish_as_many_processes_as_their_mean_time_allows(mean: float) -> None:
    load = _processes(mean, poisson=False, per_tick=1000 / mean)
    for tick in range(1000):
        load.step(tick, np.array([8]))
    assert load.done[0] == pytest.approx(1000 * 8 / mean, rel=0.03)


@pytest.mark.parametrize("mean", [0.02, 0.4, 1.0, 5.0])
def test_as_many_processes_run_as_arrive_in_the_time_that_one_takes(mean: float) -> None:
    load = _processes(mean, poisson=True, per_tick=20 / mean)
    load.prime()
    running = []
    for tick in range(2000):
        load.step(tick, np.array([1000]))
        running.append(int(load.running[0]))
    assert np.mean(running) == pytest.approx(20, rel=0.05)


def test_the_first_to_come_is_the_first_to_be_served() -> None:
    arrivals = np.array([3, 3, 5, 5])
    starts = np.array([1, 2, 4, 5])
    found = waits(arrivals, starts, 1.0)
    assert [(int(a), int(n), float(s)) for a, n, s in zip(found.arrived, found.number, found.seconds, strict=True)] == [
        (0, 1, 0.0),
        (0, 1, 1.0),
        (0, 1, 2.0),
        (2, 1, 0.0),
        (2, 1, 1.0),
    ]
    assert found.mean() == pytest.approx(0.8)
    assert found.percentile(95) == 2.0


def test_a_process_that_is_never_served_counts_with_its_wait_until_the_end() -> None:
    assert waits(np.array([1, 1, 1]), np.array([0, 0, 0]), 1.0).longest() == 3.0


def _processes(mean: float, *, poisson: bool, per_tick: float) -> Processes:
    return Processes(
        lambda ticks: np.full((len(ticks), 1), per_tick),
        [ticked(Seconds(mean=mean, p95=mean * 2), 1.0)],
        ticks=2000,
        poisson=poisson,
        arrivals_seed=np.random.SeedSequence(1),
        service_seed=np.random.SeedSequence(2),
    )
