"""What the verifier makes of recorded timelines and of the accepted runs."""

import pytest
from patchbay_loadtests.core.ledger import RunsVerdict
from patchbay_loadtests.proof.judgement import judge_step
from patchbay_loadtests.proof.promise import Promise
from patchbay_loadtests.proof.result import judge
from patchbay_loadtests.proof.timeline import ShapePods

from tests.loadtests.recorded import Recorder, good_record, pods

RUNS = RunsVerdict(accepted=2, completed=2, duplicated=0, lost=0)


@pytest.mark.parametrize(
    ("processes", "expected"),
    [(0, 1), (7, 1), (8, 2), (15, 2), (16, 3), (40, 6), (79, 10), (88, 12), (96, 13), (119, 15), (120, 16), (400, 16)],
)
def test_a_shape_gets_a_pod_more_each_time_it_reaches_the_threshold(processes: int, expected: int) -> None:
    assert Promise().pods(processes) == expected


def test_a_platform_that_keeps_the_promise_passes() -> None:
    recorder = good_record()
    result = judge(recorder.timeline(), RUNS, versions={}, config={})
    assert result.reasons == ()
    assert result.passed
    assert [(step.processes, step.reached_pods) for step in result.steps] == [(7, 1), (8, 2), (0, 1)]
    assert (result.steps[1].desired_seconds, result.steps[1].ready_seconds) == (4.0, 7.0)


def failing_reasons(recorder: Recorder) -> str:
    """Why the record's last step fails."""
    timeline = recorder.timeline()
    verdict = judge_step(timeline, timeline.steps[-1])
    assert not verdict.passed
    return "; ".join(verdict.reasons)


def test_a_pod_more_at_7_processes_fails() -> None:
    recorder = Recorder()
    recorder.look(10, 7, pods(1))
    recorder.look(10, 7, pods(2))
    recorder.look(30, 7, pods(1))
    recorder.step(0.0, 7)
    assert "scaled too far: 2 pods at 7 processes, where 1 are right" in failing_reasons(recorder)


def test_no_pod_more_at_8_processes_fails() -> None:
    recorder = Recorder()
    recorder.look(80, 8, pods(1))
    recorder.step(0.0, 8)
    assert "1 pods were desired at 8 processes, not 2" in failing_reasons(recorder)


def test_a_pod_that_never_gets_ready_fails() -> None:
    recorder = Recorder()
    recorder.look(80, 8, pods(2, ready=1))
    recorder.step(0.0, 8)
    assert failing_reasons(recorder) == "1 of 2 pods were ready at 8 processes, not 2"


def test_a_pod_after_the_deadline_fails() -> None:
    recorder = Recorder()
    recorder.look(61, 8, pods(1))
    recorder.look(20, 8, pods(2))
    recorder.step(0.0, 8)
    assert failing_reasons(recorder) == "too late: 2 pods were ready after 61.0 s of 60 s"


def test_a_third_pod_at_8_processes_fails() -> None:
    recorder = Recorder()
    recorder.look(5, 8, pods(1))
    recorder.look(5, 8, pods(3))
    recorder.look(20, 8, pods(2))
    recorder.step(0.0, 8)
    assert failing_reasons(recorder) == "scaled too far: 3 pods at 8 processes, where 2 are right"


def test_pods_that_stay_after_the_load_has_gone_fail() -> None:
    recorder = good_record()
    since = recorder.at
    recorder.look(90, 0, pods(2))
    recorder.step(since, 0)
    assert "2 of 2 pods were ready at 0 processes, not 1" in failing_reasons(recorder)


@pytest.mark.parametrize("idle", [pods(2), pods(0), ShapePods(desired=2, replicas=1, ready=1), pods(1, ready=0)])
def test_an_idle_shape_that_moves_fails(idle: ShapePods) -> None:
    recorder = Recorder()
    recorder.look(5, 8, pods(1))
    recorder.look(5, 8, pods(2), idle)
    recorder.look(20, 8, pods(2))
    recorder.step(0.0, 8)
    assert "the idle shape filter did not stay at 1 pod at 8 processes" in failing_reasons(recorder)


def test_an_idle_shape_stands_at_the_fewest_pods_that_are_promised() -> None:
    recorder = Recorder()
    recorder.look(60, 7, pods(2), pods(2))
    recorder.step(0.0, 7)
    timeline = recorder.timeline()
    promise = timeline.promise.model_copy(update={"min_pods": 2})
    two = timeline.model_copy(update={"promise": promise})
    assert judge_step(two, two.steps[0]).reasons == ()
    recorder.look(10, 7, pods(2), pods(1))
    recorder.steps[0] = recorder.steps[0].model_copy(update={"end": recorder.samples[-1].at})
    moved = recorder.timeline().model_copy(update={"promise": promise})
    (reason,) = judge_step(moved, moved.steps[0]).reasons
    assert reason.startswith("the idle shape filter did not stay at 2 pods at 7 processes: 1 desired")


def test_a_load_that_is_not_what_was_driven_fails() -> None:
    recorder = Recorder()
    recorder.look(5, 8, pods(1))
    recorder.look(5, 9, pods(2))
    recorder.look(20, 8, pods(2))
    recorder.step(0.0, 8)
    assert failing_reasons(recorder) == "the load was not steady: Horizon counted [8, 9] where 8 processes were driven"


def test_one_process_less_is_forgiven_only_while_deliveries_are_replaced() -> None:
    recorder = Recorder()
    recorder.look(20, 7, pods(1))
    recorder.look(2, 6, pods(1))
    recorder.look(25, 7, pods(1))
    step = recorder.step(0.0, 7)
    timeline = recorder.timeline()
    assert "not steady" in failing_reasons(recorder)
    assert judge_step(timeline, step.model_copy(update={"refreshes": ((20.0, 22.0),)})).passed


def test_a_step_that_was_not_watched_long_enough_fails() -> None:
    recorder = Recorder()
    recorder.look(20, 7, pods(1))
    recorder.step(0.0, 7)
    assert failing_reasons(recorder) == "1 pods were watched for 19.5 s only, not 42 s"


def test_a_gap_in_the_record_fails() -> None:
    recorder = Recorder()
    recorder.look(10, 8, pods(2))
    recorder.at += 10
    recorder.look(20, 8, pods(2))
    recorder.step(0.0, 8)
    assert failing_reasons(recorder) == "nothing was recorded for 10.5 s"


def test_an_empty_record_fails() -> None:
    verdict = judge(
        Recorder().timeline(),
        RunsVerdict(accepted=1, completed=1, duplicated=0, lost=0),
        versions={},
        config={},
    )
    assert not verdict.passed
    assert verdict.reasons == ("no step was driven",)
