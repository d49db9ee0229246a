"""The node proof's parts: room on nodes, the autoscaler's documents, tracks, the plan and the report."""

import json
from pathlib import Path
from typing import Any

import pytest
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.ledger import RunsVerdict
from patchbay_loadtests.core.report.nodes import write_node_proof
from patchbay_loadtests.nodes import room
from patchbay_loadtests.nodes.autoscaler import AutoscalerTimes, times_of, wanted_nodes
from patchbay_loadtests.nodes.judgement import Limits
from patchbay_loadtests.nodes.plan import NodePlan
from patchbay_loadtests.nodes.result import judge
from patchbay_loadtests.nodes.room import Size
from patchbay_loadtests.nodes.timeline import PHASES
from patchbay_loadtests.nodes.tracks import node_seen, pod_seen
from patchbay_loadtests.proof.periods import Periods

from tests.loadtests.recorded_nodes import good_record

MIB = 2**20
PERIODS = Periods(scrape=2, evaluation=2, polling=0, hpa_sync=5, scale_down=15)
TIMES = AutoscalerTimes(scan=1, unneeded=10, delay_after_add=10)


def pod_spec(cpu: str, memory: str, **more: Any) -> dict[str, Any]:
    return {"containers": [{"resources": {"requests": {"cpu": cpu, "memory": memory}}}], **more}


def node(name: str, labels: dict[str, str], *taints: dict[str, str]) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {"taints": list(taints)},
        "status": {"allocatable": {"cpu": "940m", "memory": "1500Mi"}},
    }


def test_a_pod_takes_what_its_containers_ask_for_together_or_its_largest_init_container() -> None:
    init = [{"resources": {"requests": {"cpu": "1"}}}]
    assert room.requested(pod_spec("50m", "96Mi")) == Size(50, 96 * MIB)
    assert room.requested(pod_spec("50m", "96Mi", initContainers=init)) == Size(1000, 96 * MIB)


def test_a_node_s_room_is_what_its_unfinished_pods_leave() -> None:
    pods = [
        {"spec": {**pod_spec("50m", "96Mi"), "nodeName": "a"}, "status": {"phase": "Running"}},
        {"spec": {**pod_spec("500m", "1Gi"), "nodeName": "a"}, "status": {"phase": "Succeeded"}},
        {"spec": {**pod_spec("500m", "1Gi"), "nodeName": "b"}, "status": {"phase": "Running"}},
    ]
    left = room.free(node("a", {}), pods)
    assert left == Size(890, 1404 * MIB)
    assert left.holds(Size(50, 96 * MIB)) == 14


def test_only_nodes_that_the_workers_select_and_tolerate_count() -> None:
    flows, tainted, system = {"pool": "flows"}, {"key": "pool", "value": "flows", "effect": "NoSchedule"}, {"pool": "x"}
    nodes = [node("a", flows), node("b", flows, tainted), node("c", system)]
    spec = pod_spec("50m", "96Mi", nodeSelector=flows)
    tolerations = [{"key": "pool", "operator": "Equal", "value": "flows", "effect": "NoSchedule"}]
    assert [found["metadata"]["name"] for found in room.usable(nodes, spec)] == ["a"]
    assert [found["metadata"]["name"] for found in room.usable(nodes, {**spec, "tolerations": tolerations})] == [
        "a",
        "b",
    ]


@pytest.mark.parametrize(
    "key", ["ToBeDeletedByClusterAutoscaler", "node.kubernetes.io/not-ready", "node.kubernetes.io/unschedulable"]
)
def test_a_node_that_comes_up_or_is_drained_is_there_but_takes_no_pod(key: str) -> None:
    passing = node("a", {}, {"key": key, "effect": "NoSchedule"})
    spec = pod_spec("50m", "96Mi")
    assert room.of_workers([passing], spec) == [passing]
    assert room.usable([passing], spec) == []


def deployment(*flags: str) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [{"command": ["./cluster-autoscaler", *flags]}]}}}}


def test_the_autoscaler_s_waits_are_its_flags_or_its_own_defaults() -> None:
    found = times_of(deployment("--scale-down-unneeded-time=10s", "--scan-interval=500ms"))
    assert found == AutoscalerTimes(scan=0.5, unneeded=10, delay_after_add=600)


def test_a_flag_that_is_no_duration_is_told() -> None:
    with pytest.raises(UnusableEnvironmentError, match="not a duration"):
        times_of(deployment("--scan-interval=soon"))


def test_the_wanted_nodes_are_the_sum_over_the_groups_of_the_status() -> None:
    status = (
        "nodeGroups:\n- name: a\n  health: {cloudProviderTarget: 3}\n- name: b\n  health: {cloudProviderTarget: 1}\n"
    )
    assert wanted_nodes({"data": {"status": status}}) == 4
    assert wanted_nodes({"data": {"status": "Cluster-autoscaler status at ..."}}) is None
    assert wanted_nodes(None) is None


def test_a_pod_s_first_sight_of_each_state_is_kept() -> None:
    pod: dict[str, Any] = {"metadata": {"name": "w", "labels": {"patchbay.dev/shape": "map"}}, "spec": {}, "status": {}}
    pending = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    track = pod_seen(None, pod, 1.0, "worker", triggered=False)
    track = pod_seen(track, {**pod, "status": {"conditions": [pending]}}, 2.0, "worker", triggered=False)
    track = pod_seen(track, {**pod, "status": {"conditions": [pending]}}, 3.0, "worker", triggered=True)
    placed = {**pod, "spec": {"nodeName": "i-1"}, "status": {"containerStatuses": [{"state": {"running": {}}}]}}
    track = pod_seen(track, placed, 4.0, "worker", triggered=True)
    assert (track.created, track.unschedulable, track.triggered, track.scheduled, track.running) == (1, 2, 3, 4, 4)
    assert (track.shape, track.node, track.ready) == ("map", "i-1", None)


def test_a_node_that_is_needed_again_begins_its_unneeded_time_anew() -> None:
    mark = {"key": "DeletionCandidateOfClusterAutoscaler", "effect": "PreferNoSchedule"}
    track = node_seen(None, node("a", {}), 1.0)
    track = node_seen(track, node("a", {}, mark), 2.0)
    assert track.unneeded == 2.0
    track = node_seen(track, node("a", {}), 3.0)
    track = node_seen(track, node("a", {}, mark), 4.0)
    assert (track.registered, track.unneeded, track.draining) == (1.0, 4.0, None)


def plan(**changes: int) -> NodePlan:
    sizes = {"max_pods": 10, "placeholders": 3, "slots": 3, "free_slots": 6, **changes}
    return NodePlan(periods=PERIODS, times=TIMES, **sizes)


def test_the_same_burst_is_driven_warm_with_headroom_and_without() -> None:
    assert plan().bursts(frozenset(PHASES)) == {
        "warm": 3, "within-headroom": 3, "beyond-headroom": 9, "without-headroom": 3,
    }  # fmt: skip


def test_where_there_is_less_room_than_headroom_both_bursts_are_of_that_size() -> None:
    found = plan(slots=8, free_slots=4).bursts(frozenset(PHASES))
    assert (found["warm"], found["within-headroom"], found["beyond-headroom"]) == (4, 4, 9)
    assert plan(free_slots=0).bursts(frozenset(PHASES)).get("within-headroom") == 3


def test_without_any_headroom_there_is_only_the_burst_without_it() -> None:
    assert plan(slots=0, placeholders=0).bursts(frozenset(PHASES)) == {"warm": 6, "without-headroom": 9}
    with pytest.raises(UnusableEnvironmentError, match="--without-headroom"):
        plan(slots=0, placeholders=0).bursts(frozenset({"warm", "within-headroom"}))


def test_a_phase_that_the_environment_has_no_room_for_is_told() -> None:
    full = plan(free_slots=0)
    assert list(full.bursts(frozenset(PHASES))) == ["within-headroom", "beyond-headroom", "without-headroom"]
    assert list(full.left_out(frozenset(PHASES))) == ["warm"]
    assert "no free room" in full.left_out(frozenset({"warm"}))["warm"]
    assert plan(slots=0, placeholders=0).left_out(frozenset({"within-headroom", "beyond-headroom"})) == {
        "within-headroom": "there is no headroom", "beyond-headroom": "there is no headroom",
    }  # fmt: skip
    assert plan().left_out(frozenset(PHASES)) == {}


def test_only_the_phases_that_are_asked_for_are_driven() -> None:
    assert plan().bursts(frozenset({"within-headroom"})) == {"within-headroom": 3}


def test_a_headroom_that_holds_every_pod_of_the_shape_cannot_be_exceeded() -> None:
    with pytest.raises(UnusableEnvironmentError, match=r"headroom\.pods smaller"):
        plan(slots=12).bursts(frozenset(PHASES))


def test_the_report_has_figures_legs_and_the_chart(tmp_path: Path) -> None:
    timeline = good_record().timeline()
    runs = RunsVerdict(accepted=1, completed=1, duplicated=0, lost=0)
    result = judge(timeline, runs, autoscaler=TIMES, limits=Limits(), versions={"keda": "<2>"}, config={})
    write_node_proof(tmp_path, result, timeline)
    page = (tmp_path / "report.html").read_text()
    assert "beyond-headroom" in page
    assert "node_ready" in page
    assert "&lt;2&gt;" in page
    assert (tmp_path / "timeline.png").read_bytes().startswith(b"\x89PNG")
    kept = json.loads((tmp_path / "result.json").read_text())
    assert kept["passed"] is True
    assert {"phases", "figures", "runs", "autoscaler", "limits", "versions"} <= kept.keys()
