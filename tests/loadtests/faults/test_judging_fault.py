"""A fault's verdict, and the form of `result.json`."""

import json

import pytest
from patchbay_loadtests.faults.judging.fault import judge_fault
from patchbay_loadtests.faults.judging.result import FaultResult, judge

from tests.loadtests.faults.records import BEGAN, placed, record, steady


def judged(**changes: object) -> FaultResult:
    orders, endings = steady(outage=range(3))
    return judge_fault(record(orders, endings, **changes))[0]


def test_a_fault_passes_when_all_is_done_once_and_back_in_time() -> None:
    result = judged()
    assert result.passed, result.reasons
    assert result.runs.accepted == result.runs.completed == 100
    assert result.recovery_seconds == 3.0
    assert result.whole_seconds == 5.0
    assert result.errors == {"503": 6}
    assert result.alert_fired
    assert result.alert_after_seconds == 3.0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"alert_fired": None}, "alert WorkerGone did not fire"),
        ({"alert_fell_silent": False}, "alert WorkerGone did not fall silent"),
        ({"whole": None, "lacks": ("api has 0 of 2 pods ready",)}, "not whole after 20 s: api has 0 of 2 pods ready"),
        ({"findings": ("replicas fell",)}, "replicas fell"),
        ({"deliveries": {}}, "100 lost at the sink"),
        ({"recovery_limit_seconds": 2.0}, "the service took 3 s to be as before, more than 2 s"),
        ({"beside": [placed(999, 1, accepted=False)]}, "1 orders were never accepted: o-999"),
    ],
)
def test_whatever_went_wrong_fails_the_fault_and_is_told(changes: dict[str, object], reason: str) -> None:
    result = judged(**changes)
    assert not result.passed
    assert any(told.startswith(reason) for told in result.reasons), result.reasons


def test_a_service_that_does_not_come_back_fails_the_fault() -> None:
    orders, endings = steady(outage=range(40))
    result, _ = judge_fault(record(orders, endings))
    assert result.recovery_seconds is None
    assert "the service was not as before while it was watched" in result.reasons


def test_the_result_file_has_the_promised_fields() -> None:
    result = judge((judged(), judged(name="redis-away")), late_duplicates=(), versions={}, config={})
    document = json.loads(result.model_dump_json())
    assert document["passed"] is True
    assert [fault["name"] for fault in document["faults"]] == ["worker-killed", "redis-away"]
    fault = document["faults"][0]
    assert {
        "accepted": 100,
        "completed": 100,
        "duplicated": 0,
        "lost": 0,
        "dead_lettered": 0,
        "redelivered": 0,
    }.items() <= (fault["runs"].items())
    assert (fault["recovery_seconds"], fault["longest_wait_seconds"], fault["alert_fired"]) == (3.0, 0.2, True)
    assert document["runs"]["accepted"] == 200


def test_one_failed_fault_fails_the_set_and_says_why() -> None:
    result = judge((judged(), judged(alert_fired=None)), late_duplicates=(), versions={}, config={})
    assert not result.passed
    assert result.reasons == ("worker-killed: alert WorkerGone did not fire",)


def test_an_effect_that_comes_late_fails_the_set() -> None:
    result = judge((judged(),), late_duplicates=("o-7",), versions={}, config={})
    assert not result.passed
    assert result.runs.duplicated == 1
    assert "o-7" in result.reasons[0]


def test_a_set_without_faults_proves_nothing() -> None:
    assert not judge((), late_duplicates=(), versions={}, config={}).passed


def test_the_timeline_begins_before_the_fault() -> None:
    orders, endings = steady()
    _, seconds = judge_fault(record(orders, endings, began=BEGAN))
    assert (seconds[0].at, seconds[-1].at) == (-10, 39)
    assert all(second.orders == 2 for second in seconds)
