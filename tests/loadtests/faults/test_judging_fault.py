"""A fault's verdict, and the form of `result.json`."""

import json

import pytest
from patchbay_loadtests.core.ledger import Call, Delivery, Ending
from patchbay_loadtests.core.traffic.protocol import Failure
from patchbay_loadtests.faults.judging.fault import judge_fault
from patchbay_loadtests.faults.judging.result import FaultResult, judge

from tests.loadtests.faults.records import BEGAN, OBJECTIVES, completed, delivered, placed, received, record, steady


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


@pytest.mark.parametrize("key", ["p", "", "constant"], ids=["one-key", "no-key", "a-constant"])
def test_five_deliveries_of_an_order_are_a_duplicate_by_whatever_key_the_product_sends(key: str) -> None:
    orders, endings = steady()
    deliveries = {order.order: delivered(order) for order in orders}
    moments = [BEGAN + second for second in range(5)]
    deliveries["o-0"] = Delivery(calls=tuple(Call(at=at, idempotency_key=key, answered=True) for at in moments))
    result, _ = judge_fault(record(orders, endings, deliveries=deliveries))
    assert result.runs.duplicated == 1
    assert not result.passed


def test_what_a_worker_had_in_hand_when_it_died_may_come_again_and_is_reported() -> None:
    orders, endings = steady()
    deliveries = {order.order: delivered(order) for order in orders} | {"o-1": delivered(orders[21], 9.0)}
    result, _ = judge_fault(record(orders, endings, deliveries=deliveries))
    assert result.passed, result.reasons
    assert (result.runs.redelivered, result.runs.duplicated) == (1, 0)


def test_an_order_that_was_placed_again_and_got_its_own_run_passes_and_one_that_got_another_s_does_not() -> None:
    orders, endings = steady()
    orders[30] = orders[30].model_copy(update={"failures": (Failure(at=orders[30].due, kind="no answer"),)})
    assert judge_fault(record(orders, endings))[0].passed
    orders[30] = orders[30].model_copy(update={"run": orders[29].run})
    result, _ = judge_fault(record(orders, endings))
    assert any(told.startswith("2 accepted as the run of another order: ") for told in result.reasons), result.reasons


def test_an_order_that_comes_again_before_anything_went_wrong_is_a_duplicate() -> None:
    orders, endings = steady()
    deliveries = {order.order: delivered(order) for order in orders} | {"o--19": delivered(orders[1], -5.0)}
    result, _ = judge_fault(record(orders, endings, deliveries=deliveries))
    assert result.runs.duplicated == 1


def stuck(seconds: range) -> FaultResult:
    """One of the two orders of each of these seconds is done 600 s later."""
    orders, endings = steady()
    for order in orders:
        if order.due - BEGAN in seconds:
            endings[str(order.run)] = completed(order, 600.0)
    return judge_fault(record(orders, endings))[0]


@pytest.mark.parametrize("seconds", [range(-1, 0), range(40)], ids=["in-flight-at-the-fault", "one-a-second"])
def test_orders_that_are_stuck_for_ten_minutes_fail_the_fault_and_are_no_recovery(seconds: range) -> None:
    result = stuck(seconds)
    assert not result.passed
    assert result.recovery_seconds is None
    assert result.longest_wait_seconds == 600.0
    assert any("orders were done later than 20 s after they were due" in told for told in result.reasons)


@pytest.mark.parametrize("said", [0.2, 0.0], ids=["soon", "at-once"])
def test_effects_that_reach_the_receiver_ten_minutes_late_fail_the_fault_whatever_the_runs_say(said: float) -> None:
    orders, _ = steady()
    endings = {str(order.run): completed(order, said) for order in orders}
    deliveries = {order.order: received(order, 600.0 if order.due >= BEGAN else 0.1) for order in orders}
    result, _ = judge_fault(record(orders, endings, deliveries=deliveries))
    assert not result.passed
    assert result.recovery_seconds is None
    assert result.longest_wait_seconds == 600.0
    assert any("80 orders were done later than 20 s after they were due" in told for told in result.reasons)


def test_an_order_of_the_fault_s_own_that_is_held_long_may_end_long_after_it_came_but_must_come_in_time() -> None:
    orders, endings = steady(seconds=range(-10, 100))
    held = [placed(9000 + number, 5) for number in range(3)]
    endings |= {str(order.run): completed(order, 60.0) for order in held}
    changes: dict[str, object] = {"beside": held, "healed": BEGAN + 60}
    deliveries = {order.order: delivered(order) for order in (*orders, *held)}
    result, _ = judge_fault(record(orders, endings, deliveries=deliveries, **changes))
    assert result.passed, result.reasons
    deliveries[held[0].order] = received(held[0], 90.0)
    result, _ = judge_fault(record(orders, endings, deliveries=deliveries, **changes))
    assert result.reasons[0].startswith("1 orders were done later than 20 s")


@pytest.mark.parametrize("is_beside", [False, True], ids=["steady", "beside"])
def test_a_run_that_completed_at_no_known_moment_fails_the_fault(is_beside: bool) -> None:
    orders, endings = steady()
    beside = [placed(9000, 5)]
    endings["r-9000"] = completed(beside[0])
    order = beside[0] if is_beside else orders[30]
    endings[str(order.run)] = Ending(status="completed", created=order.ended)
    deliveries = {each.order: delivered(each) for each in (*orders, *beside)}
    result, _ = judge_fault(record(orders, endings, beside=beside, deliveries=deliveries))
    assert f"1 ended without a moment: {order.order}" in result.reasons


def test_an_alert_after_fifteen_minutes_is_none_in_time() -> None:
    result = judged(alert_fired=BEGAN + 900)
    assert "alert WorkerGone fired after 900 s, promised are 20 s" in result.reasons
    assert judged(alert_fired=BEGAN + 900, alert_due=BEGAN + 890, alert_last_fired=BEGAN + 10).passed


def test_an_alert_that_fires_long_after_its_cause_has_gone_fails_the_fault() -> None:
    result = judged(alert_last_fired=BEGAN + 5 + 121)
    assert result.reasons == ("alert WorkerGone fell silent 121 s after its cause, promised are 120 s",)


def test_a_service_that_was_slow_or_failing_before_the_fault_fails_it() -> None:
    orders, endings = steady(slow=dict.fromkeys(range(-10, 0), 20.0))
    result, _ = judge_fault(record(orders, endings, recovery_limit_seconds=60.0))
    assert any(told.startswith("before the fault: the undisturbed service had a p95") for told in result.reasons)
    assert result.slow_seconds == OBJECTIVES.slow_seconds
    orders, endings = steady(outage=range(-5, 0))
    result, _ = judge_fault(record(orders, endings))
    assert "before the fault: 10 orders failed while nothing was wrong" in result.reasons


def test_results_of_different_images_make_no_one_verdict_and_earlier_attempts_are_kept() -> None:
    old = judged(versions={"runtime_image": "runtime@sha256:0"}, alert_fired=None)
    faults = tuple(
        judged(name=name, versions={"runtime_image": f"runtime@sha256:{digest}"}, attempt=2)
        for name, digest in (("worker-killed", 1), ("deploy", 0))
    )
    result = judge(faults, earlier=(old,), late_duplicates=(), versions={}, config={})
    assert not result.passed
    (reason,) = result.reasons
    assert "different versions of runtime_image" in reason
    assert "runtime@sha256:1: worker-killed; runtime@sha256:0: deploy" in reason
    assert [(fault.attempt, fault.passed) for fault in (*result.earlier, *result.faults)] == [
        (1, False), (2, True), (2, True),
    ]  # fmt: skip


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
