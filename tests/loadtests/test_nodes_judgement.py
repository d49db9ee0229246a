"""The node proof's verdict over recorded samples."""

import pytest
from patchbay_loadtests.core.ledger import LOST, RunsVerdict
from patchbay_loadtests.nodes.autoscaler import AutoscalerTimes
from patchbay_loadtests.nodes.judgement import Limits
from patchbay_loadtests.nodes.result import NodeResult, judge
from patchbay_loadtests.nodes.timeline import NodeTimeline

from tests.loadtests.recorded_nodes import NodeRecord, beyond, good_record, warm, within

RUNS = RunsVerdict(accepted=4, completed=4, duplicated=0, lost=0)
TIMES = AutoscalerTimes(scan=1, unneeded=10, delay_after_add=10)


def judged(record: NodeRecord, runs: RunsVerdict = RUNS, limits: Limits | None = None) -> NodeResult:
    return judge(
        record.timeline(), runs, autoscaler=TIMES, limits=limits or Limits(), versions={"keda": "2"}, config={}
    )


def test_a_cluster_that_adds_nodes_keeps_headroom_and_gives_all_back_is_proven() -> None:
    result = judged(good_record())
    assert result.reasons == ()
    assert result.passed
    assert [(phase.name, phase.nodes_added, len(phase.scale_ins)) for phase in result.phases] == [
        ("warm", 0, 0),
        ("within-headroom", 1, 1),
        ("beyond-headroom", 1, 1),
    ]


def test_every_leg_of_the_way_out_and_back_is_timed() -> None:
    phase = judged(good_record()).phases[2]
    (out,) = phase.scale_outs
    assert out.legs == {"trigger": 1.0, "register": 2.0, "node_ready": 1.0, "schedule": 3.0, "start": 1.0}
    assert (out.pending_to_running, out.pending_to_ready) == (8.0, 9.0)
    (back,) = phase.scale_ins
    assert back.legs == {"pods": 0.0, "unneeded": 2.0, "drain": 9.0, "remove": 1.0}
    assert back.after_unneeded_time == 0.0


def test_the_warm_pod_stands_beside_what_is_measured_as_its_peer() -> None:
    found = {figure.name: figure for figure in judged(good_record()).figures}
    headroom = found["within-headroom: pod, created until Ready"]
    assert (headroom.seconds, headroom.limit, headroom.ratio) == (4.0, 8.0, 1.33)


def test_the_limit_is_on_the_slowest_pod_and_the_first_and_the_median_stand_beside_it() -> None:
    record = NodeRecord()
    beyond(record)
    for number, later in ((4, 1), (5, 4)):
        slower = record.pods[-1].model_copy(update={"name": f"beyond-{number}"})
        running, ready = (slower.running or 0) + later, (slower.ready or 0) + later
        record.pods.append(slower.model_copy(update={"running": running, "ready": ready}))
    found = {figure.name: figure for figure in judged(record).figures}
    begun = found["beyond-headroom: Pending until running on a new node"]
    assert (begun.first, begun.median, begun.seconds, begun.kept) == (8.0, 9.0, 13.0, False)
    serving = found["beyond-headroom: Pending until Ready on a new node"]
    assert (serving.seconds, serving.limit) == (14.0, None)


def test_a_burst_in_the_headroom_that_is_slow_is_refused() -> None:
    record = NodeRecord()
    warm(record, ready_after=3)
    within(record, ready_after=8.5)
    result = judged(record)
    assert result.reasons == ("too slow: within-headroom: pod, created until Ready: 8.5 s of 8.0 s",)
    assert judged(record, limits=Limits(headroom_extra=6)).passed


def test_a_burst_in_the_headroom_without_a_warm_peer_is_still_held_to_a_limit() -> None:
    record = NodeRecord()
    within(record, ready_after=26)
    assert "too slow: within-headroom: pod, created until Ready: 26.0 s of 25.0 s" in judged(record).reasons
    record = NodeRecord()
    within(record, ready_after=11)
    assert judged(record).passed
    assert judged(record, limits=Limits(warm=7, headroom_extra=3)).reasons == (
        "too slow: within-headroom: pod, created until Ready: 11.0 s of 10.0 s",
    )


def test_slow_warm_pods_are_refused_and_do_not_allow_the_headroom_s_to_be_slow_too() -> None:
    record = NodeRecord()
    warm(record, ready_after=100)
    within(record, ready_after=104)
    assert [reason for reason in judged(record).reasons if "too slow" in reason] == [
        "too slow: warm pod, created until Ready: 100.0 s of 20.0 s",
        "too slow: within-headroom: pod, created until Ready: 104.0 s of 25.0 s",
    ]


def test_pods_as_slow_as_they_were_measured_pass() -> None:
    record = NodeRecord()
    warm(record, ready_after=8.3)
    within(record, ready_after=10.4)
    assert [reason for reason in judged(record).reasons if "too slow" in reason] == []


def test_a_burst_in_the_headroom_that_waits_for_a_node_is_refused() -> None:
    record = NodeRecord()
    warm(record)
    within(record, node="i-00000000000000002")
    assert any("waited for new nodes: i-00000000000000002" in reason for reason in judged(record).reasons)


def test_placeholders_that_do_not_come_back_are_told() -> None:
    record = NodeRecord()
    within(record, come_back=False)
    assert judged(record).reasons == (
        "within-headroom: 0 of 2 placeholders ran again before the load was taken away",
        "within-headroom: no placeholder came back on a new node",
    )


def test_a_new_node_that_takes_longer_than_promised_is_refused() -> None:
    record = NodeRecord()
    beyond(record, running_after=12)
    assert judged(record).reasons == (
        "too slow: beyond-headroom: Pending until running on a new node: 12.0 s of 10.0 s",
    )


def test_a_node_that_stays_idle_after_its_time_is_refused() -> None:
    record = NodeRecord()
    change = record.at
    record.look(2)
    record.look(6, pods=3)
    for number in (1, 2):
        record.pod(f"warm-{number}", change + 2, change + 4, "i-00000000000000001")
    fall = record.at
    record.look(100)
    record.phase("warm", 2, change, fall)
    node = record.nodes[0].model_copy(
        update={"name": "i-00000000000000009", "unneeded": fall + 1, "draining": fall + 80, "gone": fall + 81}
    )
    record.nodes.append(node)
    assert "too slow: warm: node gone, after its unneeded time: 70.0 s of 60.0 s" in judged(record).reasons


def test_a_cluster_without_a_new_node_is_refused() -> None:
    record = NodeRecord()
    change = record.at
    record.look(2)
    record.look(20, pods=4, pending=1, placeholders=0)
    fall = record.at
    record.look(4, nodes=2)
    record.phase("beyond-headroom", 3, change, fall)
    assert judged(record).reasons == (
        "beyond-headroom: 0 of 3 further pods became ready before the load was taken away",
        "beyond-headroom: no pod of the burst was seen Pending (Unschedulable): the nodes had room",
        "beyond-headroom: the autoscaler did not raise any group's capacity",
        "beyond-headroom: no node was added",
        "beyond-headroom: 2 nodes in the end, 1 at the start",
    )


def test_a_node_that_goes_away_under_load_is_told() -> None:
    record = NodeRecord()
    warm(record)
    record.nodes.append(record.nodes[0].model_copy(update={"name": "i-00000000000000009", "gone": 7.0}))
    assert judged(record).reasons == ("warm: nodes went away while the load was on: i-00000000000000009",)


def test_a_lost_run_and_a_gap_in_the_record_are_refused() -> None:
    record = good_record()
    record.looks = [look for look in record.looks if not 5 < look.at < 15]
    lost = RunsVerdict(accepted=4, completed=3, duplicated=0, lost=1, faults={LOST: ("order-1/1",)})
    reasons = judged(record, lost).reasons
    assert "1 lost at the sink: order-1/1" in reasons
    assert any("nothing was recorded for" in reason for reason in reasons)


def test_a_record_gives_the_same_verdict_when_it_is_read_again() -> None:
    timeline = good_record().timeline()
    read = NodeTimeline.model_validate_json(timeline.model_dump_json())
    assert read == timeline


def forget(record: NodeRecord, name: str, **marks: None) -> None:
    """The sampler missed these marks of a pod or a node."""
    record.pods = [pod.model_copy(update=marks) if pod.name == name else pod for pod in record.pods]
    record.nodes = [node.model_copy(update=marks) if node.name == name else node for node in record.nodes]


@pytest.mark.parametrize("mark", ["scheduled", "running", "ready"])
def test_a_slow_pod_whose_mark_was_missed_does_not_take_its_limit_along(mark: str) -> None:
    record = NodeRecord()
    beyond(record, running_after=100)
    assert any("too slow" in reason for reason in judged(record).reasons)
    forget(record, "beyond-3", **{mark: None})
    assert f"beyond-headroom: pod beyond-3: not seen when it was {mark}" in judged(record).reasons


def test_a_pod_that_was_not_seen_to_wait_for_its_node_is_told() -> None:
    record = NodeRecord()
    beyond(record, running_after=100)
    forget(record, "beyond-3", unschedulable=None)
    assert (
        "beyond-headroom: pod beyond-3: not seen Pending (Unschedulable), though it was there before its node "
        "i-00000000000000003"
    ) in judged(record).reasons


def test_a_warm_pod_whose_mark_was_missed_does_not_take_the_headroom_s_limit_along() -> None:
    record = NodeRecord()
    warm(record)
    within(record, ready_after=60)
    for number in (1, 2):
        forget(record, f"warm-{number}", ready=None)
    figures = {figure.name: figure.limit for figure in judged(record).figures}
    assert figures["within-headroom: pod, created until Ready"] == 25
    assert "too slow: within-headroom: pod, created until Ready: 60.0 s of 25.0 s" in judged(record).reasons
    assert "warm: pod warm-1: not seen when it was ready" in judged(record).reasons


def test_a_node_that_was_not_seen_to_go_is_told() -> None:
    record = NodeRecord()
    beyond(record)
    forget(record, "i-00000000000000003", gone=None)
    assert "beyond-headroom: 1 nodes were added, and 0 were seen to go" in judged(record).reasons


def test_what_ended_a_proof_early_is_a_failure() -> None:
    result = judge(
        good_record().timeline(), RUNS, autoscaler=TIMES, limits=Limits(), versions={}, config={}, ended_by="stuck"
    )
    assert (result.passed, result.reasons) == (False, ("stuck",))


@pytest.mark.parametrize("limit", ["node_start", "headroom_extra", "scale_in", "warm", "headroom"])
def test_a_limit_is_a_time(limit: str) -> None:
    with pytest.raises(ValueError, match=limit):
        Limits.model_validate({limit: 0})
