"""The promise that a proof judges by: given, and never taken from what is deployed."""

import pytest
from patchbay_loadtests.core.ledger import RunsVerdict
from patchbay_loadtests.proof.plan import EDGES, LARGE_EDGES, Plan, parse_steps
from patchbay_loadtests.proof.promise import Promise, differences
from patchbay_loadtests.proof.result import Result, judge
from pydantic import ValidationError

from tests.loadtests.recorded import DEPLOYED, PERIODS, PROMISE, Recorder, good_record, pods

RUNS = RunsVerdict(accepted=4, completed=4, duplicated=0, lost=0)


def judged(recorder: Recorder) -> Result:
    return judge(recorder.timeline(), RUNS, versions={}, config={})


def test_forty_processes_in_the_one_pod_of_a_lowered_maximum_fail() -> None:
    recorder = Recorder()
    recorder.deployed = DEPLOYED.model_copy(update={"max_pods": 1})
    recorder.look(1, 3, pods(1))
    recorder.look(90, 40, pods(1))
    recorder.step(0.0, 40)
    result = judged(recorder)
    assert not result.passed
    assert "deployed maxReplicaCount is 1, promised 16 (--max-pods)" in result.reasons
    assert "1 pods were desired at 40 processes, not 6" in result.reasons


def test_a_slow_scrape_gives_itself_no_longer_deadline() -> None:
    recorder = Recorder()
    recorder.deployed = DEPLOYED.model_copy(update={"periods": PERIODS.model_copy(update={"scrape": 300})})
    recorder.look(320, 8, pods(1))
    recorder.look(20, 8, pods(2))
    recorder.step(0.0, 8)
    result = judged(recorder)
    assert (
        "deployed scrape interval of Horizon's counts is 300 s, promised at most 2 s (--scrape-seconds)"
        in result.reasons
    )
    assert "too late: 2 pods were ready after 320.0 s of 60 s" in result.reasons


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"threshold": 40}, "deployed process threshold is 40, promised 8 (--threshold)"),
        ({"threshold": None}, "deployed process threshold is unknown, promised 8 (--threshold)"),
        ({"min_pods": 6}, "deployed minReplicaCount is 6, promised 1 (--min-pods)"),
        ({"max_pods": 100}, "deployed maxReplicaCount is 100, promised 16 (--max-pods)"),
        (
            {"periods": PERIODS.model_copy(update={"scale_down": 315})},
            "deployed time to scale down is 315 s, promised at most 16 s (--scale-down-seconds)",
        ),
        (
            {"periods": PERIODS.model_copy(update={"polling": 30})},
            "deployed KEDA polling interval on the metric path is 30 s, promised at most 5 s (--polling-seconds)",
        ),
    ],
)
def test_a_deployment_that_differs_from_the_promise_fails_and_is_named(changed: dict[str, object], reason: str) -> None:
    recorder = good_record()
    assert judged(recorder).passed
    recorder.deployed = DEPLOYED.model_copy(update=changed)
    assert judged(recorder).reasons == (reason,)


@pytest.mark.parametrize("tolerance", [None, 0.1])
def test_a_cluster_that_swallows_one_pod_in_ten_is_told_and_why(tolerance: float | None) -> None:
    deployed = DEPLOYED.model_copy(update={"scale_up_tolerance": tolerance})
    (reason,) = differences(PROMISE, deployed)
    assert "Kubernetes below 1.35" in reason
    assert differences(Promise(max_pods=10, periods=PERIODS), deployed.model_copy(update={"max_pods": 10})) == []


def test_a_record_that_does_not_say_what_was_deployed_fails() -> None:
    timeline = good_record().timeline().model_copy(update={"deployed": None})
    result = judge(timeline, RUNS, versions={}, config={})
    assert result.reasons == ("the record does not say what was deployed",)


def test_a_load_that_the_product_ended_early_fails_with_its_reason() -> None:
    result = judge(
        good_record().timeline(), RUNS, versions={}, config={}, ended_by="orders were not accepted: /hooks: 403"
    )
    assert (result.passed, result.reasons) == (False, ("orders were not accepted: /hooks: 403",))


def test_the_steps_reach_twelve_and_thirteen_pods() -> None:
    promise = Promise()
    assert [promise.pods(processes) for processes in LARGE_EDGES] == [1, 2, 3, 6, 12, 13, 1]
    assert [promise.pods(processes) for processes in EDGES] == [1, 2, 3, 6, 1]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("7,8", "end with 0"),
        ("0", "at least one load"),
        ("8,7,0", "put a 0 between 8 and 7"),
        ("8,8,0", "put a 0 between 8 and 8"),
        ("7,1000,0", "not 1000"),
        ("-1,0", "not -1"),
        ("7;8;0", "commas"),
    ],
)
def test_steps_that_cannot_be_driven_are_refused_with_the_remedy(text: str, wrong: str) -> None:
    with pytest.raises((ValueError, ValidationError), match=wrong):
        Plan(steps=parse_steps(text))


def test_loads_may_go_up_again_after_none() -> None:
    assert Plan(steps=parse_steps("16, 0, 8, 0")).steps == (16, 0, 8, 0)
