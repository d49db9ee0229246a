"""Nodes go when they are not needed, and only when nobody is hurt."""

from typing import Any

import pytest
from patchbay_standins.cluster_autoscaler import scale_down
from patchbay_standins.cluster_autoscaler.evictable import to_move
from patchbay_standins.cluster_autoscaler.fit.snapshot import Place, Snapshot
from patchbay_standins.cluster_autoscaler.objects import DisruptionBudget, Pod
from patchbay_standins.cluster_autoscaler.scale_down import Evaluation, UnneededSince
from patchbay_standins.cluster_autoscaler.state import GroupState
from patchbay_standins.cluster_autoscaler.utilization import utilization

from tests.standins.cluster_autoscaler.made import WALL, budget, node, options, place, pod, snapshot, state

SAFE = "cluster-autoscaler.kubernetes.io/safe-to-evict"


def evaluated(
    cluster: Snapshot,
    of: GroupState,
    *budgets: DisruptionBudget,
    flags: tuple[str, ...] = (),
    before: tuple[str, ...] = (),
) -> Evaluation:
    return scale_down.evaluate([of], cluster, budgets, options(*flags), before)


def names(evaluation: Evaluation) -> list[str]:
    return [candidate.node.name for candidate in evaluation.unneeded]


def two(first: Place, second: Place) -> tuple[Snapshot, GroupState]:
    return snapshot(first, second), state(first.node, second.node)


def test_an_empty_node_is_not_needed() -> None:
    found = evaluated(snapshot(node("one")), state(node("one")))
    assert names(found) == ["one"]
    assert found.unneeded[0].reason == "empty"


def test_a_node_is_not_needed_when_its_pods_fit_on_the_others() -> None:
    cluster, of = two(place(node("one"), pod(cpu="300m")), place(node("two"), pod(cpu="600m")))
    found = evaluated(cluster, of)
    assert names(found) == ["one"]
    assert found.unneeded[0].reason == "underutilized"
    assert found.unremovable["two"] == "NotUnderutilized"


def test_a_node_is_needed_when_its_pods_fit_nowhere_else() -> None:
    cluster, of = two(place(node("one"), pod(cpu="300m")), place(node("two"), pod(cpu="800m")))
    found = evaluated(cluster, of)
    assert not found.unneeded
    assert found.unremovable["one"] == "NoPlaceToMovePods"


def test_nodes_that_could_go_one_by_one_but_not_together_do_not_both_go() -> None:
    cluster, of = two(place(node("one"), pod(cpu="300m")), place(node("two"), pod(cpu="300m")))
    assert names(evaluated(cluster, of)) == ["one"]
    assert names(evaluated(cluster, of, before=("two",))) == ["two"]


def test_the_larger_share_decides_how_well_a_node_is_used() -> None:
    there = place(node(), pod(cpu="100m", memory="1536Mi"))
    assert utilization(there, options(), ignore_daemon_sets=False) == 0.75


def test_pods_of_daemon_sets_are_left_out_of_the_share_where_that_is_wanted() -> None:
    there = place(node(), pod(cpu="600m", owner="DaemonSet"), pod(cpu="100m"))
    assert utilization(there, options(), ignore_daemon_sets=False) == 0.7
    assert utilization(there, options(), ignore_daemon_sets=True) == 0.25


def test_a_node_at_the_threshold_is_needed() -> None:
    there = place(node("one"), pod(cpu="400m"))
    cluster, of = snapshot(there, node("two")), state(there.node)
    assert names(evaluated(cluster, of)) == ["one"]
    used = state(there.node, flags=("--scale-down-utilization-threshold=0.4",))
    assert evaluated(cluster, used).unremovable == {"one": "NotUnderutilized"}


def test_a_groups_tag_sets_its_own_threshold() -> None:
    tag = "k8s.io/cluster-autoscaler/node-template/autoscaling-options/scaledownutilizationthreshold"
    there = place(node("one"), pod(cpu="400m"))
    of = state(there.node, tags={tag: "0.3"})
    assert evaluated(snapshot(there, node("two")), of).unremovable == {"one": "NotUnderutilized"}


def test_a_nodes_annotation_keeps_it() -> None:
    kept = node("one", annotations={scale_down.DISABLED: "true"})
    assert evaluated(snapshot(kept), state(kept)).unremovable == {"one": "ScaleDownDisabledAnnotation"}


def test_a_node_that_is_not_ready_goes_unless_that_is_not_wanted() -> None:
    broken = node("one", ready=False)
    cluster, of = snapshot(broken), state(unready=(broken,))
    assert evaluated(cluster, of).unneeded[0].reason == "unready"
    assert not evaluated(cluster, of, flags=("--scale-down-unready-enabled=false",)).unneeded


def test_no_pod_is_moved_to_a_node_that_is_not_ready() -> None:
    full = place(node("one"), pod())
    assert evaluated(snapshot(full, node(ready=False)), state(full.node)).unremovable == {"one": "NoPlaceToMovePods"}


def reason(item: Pod, *budgets: DisruptionBudget, flags: tuple[str, ...] = ()) -> str | None:
    _, blocked = to_move([item], budgets, options(*flags))
    return blocked.reason if blocked else None


LOCAL = {"volumes": [{"name": "scratch", "emptyDir": {}}]}
HOST = {"volumes": [{"name": "logs", "hostPath": {"path": "/var/log"}}]}
MEMORY = {"volumes": [{"name": "scratch", "emptyDir": {"medium": "Memory"}}]}


@pytest.mark.parametrize(
    ("given", "flags", "expected"),
    [
        ({}, (), None),
        ({"owner": None}, (), "NotReplicated"),
        ({"owner": None, "annotations": {SAFE: "true"}}, (), None),
        ({"owner": "StatefulSet"}, (), None),
        ({"owner": "Job"}, (), None),
        ({"owner": "Custom"}, (), "NotReplicated"),
        ({"owner": "Custom"}, ("--skip-nodes-with-custom-controller-pods=false",), None),
        ({"annotations": {SAFE: "false"}}, (), "NotSafeToEvictAnnotation"),
        ({"namespace": "kube-system"}, (), "UnmovableKubeSystemPod"),
        ({"namespace": "kube-system"}, ("--skip-nodes-with-system-pods=false",), None),
        ({"spec": LOCAL}, (), "LocalStorageRequested"),
        ({"spec": HOST}, (), "LocalStorageRequested"),
        ({"spec": MEMORY}, (), None),
        ({"spec": LOCAL}, ("--skip-nodes-with-local-storage=false",), None),
        ({"spec": LOCAL, "annotations": {SAFE: "true"}}, (), None),
        ({"spec": LOCAL, "annotations": {f"{SAFE}-local-volumes": "other,scratch"}}, (), None),
        ({"spec": LOCAL, "annotations": {f"{SAFE}-local-volumes": "other"}}, (), "LocalStorageRequested"),
    ],
)
def test_which_pods_may_be_moved(given: dict[str, Any], flags: tuple[str, ...], expected: str | None) -> None:
    assert reason(pod(**given), flags=flags) == expected


@pytest.mark.parametrize(
    "given",
    [
        {"owner": "DaemonSet"},
        {"owner": None, "annotations": {"kubernetes.io/config.mirror": "x"}},
        {"owner": None, "deleted": WALL},
        {"owner": None, "spec": {"priority": -11}},
    ],
)
def test_pods_that_need_no_other_place_do_not_keep_a_node(given: dict[str, Any]) -> None:
    assert to_move([pod(**given)], [], options()) == ((), None)


def test_a_disruption_budget_without_room_keeps_the_node() -> None:
    guarded = pod(labels={"app": "x"})
    assert reason(guarded, budget(0, app="x")) == "NotEnoughPdb"
    assert reason(guarded, budget(1, app="x")) is None
    assert reason(guarded, budget(0, app="y")) is None
    assert reason(guarded, budget(0, app="x", namespace="other")) is None


def test_a_pod_of_the_system_with_a_disruption_budget_is_moved() -> None:
    assert (
        reason(pod(namespace="kube-system", labels={"app": "x"}), budget(1, app="x", namespace="kube-system")) is None
    )


def test_a_nodes_time_runs_only_while_it_is_not_needed() -> None:
    timer = UnneededSince()
    idle = evaluated(snapshot(node("one")), state(node("one"))).unneeded
    timer.update(idle, 10)
    timer.update(idle, 20)
    assert timer.since == {"one": 10}
    timer.update([], 30)
    timer.update(idle, 40)
    assert timer.since == {"one": 40}


def chosen(
    of: GroupState,
    *places: Place,
    since: float = 0,
    now: float = 700,
    leaving: dict[str, bool] | None = None,
    flags: tuple[str, ...] = (),
) -> list[str]:
    found = evaluated(snapshot(*places), of, flags=flags)
    times = {candidate.node.name: since for candidate in found.unneeded}
    picked = scale_down.choose(found, {of.group.name: of}, times, leaving or {}, options=options(*flags), now=now)
    return [candidate.node.name for candidate in picked]


def test_a_node_goes_once_it_has_not_been_needed_for_long_enough() -> None:
    idle = node("one")
    assert chosen(state(idle), place(idle), now=599) == []
    assert chosen(state(idle), place(idle), now=600) == ["one"]


def test_a_node_that_is_not_ready_is_waited_for_longer() -> None:
    broken = node("one", ready=False)
    assert chosen(state(unready=(broken,)), place(broken), now=1199) == []
    assert chosen(state(unready=(broken,)), place(broken), now=1200) == ["one"]


def test_a_group_keeps_its_minimum() -> None:
    nodes = [node(name) for name in ("one", "two", "three")]
    assert len(chosen(state(*nodes, low=1), *map(place, nodes))) == 2
    assert chosen(state(*nodes, low=3), *map(place, nodes)) == []


def test_nodes_that_go_already_count_for_the_minimum() -> None:
    nodes = [node(name) for name in ("one", "two")]
    assert chosen(state(*nodes, low=1), place(nodes[1]), leaving={"one": False}) == []


def test_empty_nodes_go_together_and_others_one_at_a_time() -> None:
    empty = [place(node(name)) for name in ("one", "two", "three")]
    assert len(chosen(state(*[item.node for item in empty]), *empty)) == 3
    used = [place(node(name), pod(cpu="100m", owner_uid=name)) for name in ("four", "five")]
    host = place(node("host"), pod(cpu="700m"))
    of = state(*[item.node for item in (*used, host)])
    assert len(chosen(of, *used, host)) == 1
    assert len(chosen(of, *used, host, flags=("--max-drain-parallelism=2",))) == 2
    assert chosen(of, *used, host, leaving={"other": True}) == []


def test_no_more_nodes_go_at_once_than_may() -> None:
    empty = [place(node()) for _ in range(4)]
    of = state(*[item.node for item in empty])
    assert len(chosen(of, *empty, flags=("--max-scale-down-parallelism=3",))) == 3
