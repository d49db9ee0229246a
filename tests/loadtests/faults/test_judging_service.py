"""When the service was back, and what its users saw."""

from dataclasses import replace

from patchbay_loadtests.core.ledger import Ending
from patchbay_loadtests.core.traffic.protocol import Placed
from patchbay_loadtests.faults.judging.service import (
    Second,
    Usual,
    errors_by_kind,
    longest_acceptance,
    longest_wait,
    recovery,
    seconds_of,
    unfit,
    usual_of,
)

from tests.loadtests.faults.records import BEGAN, OBJECTIVES, completed, delivered, placed, received, steady

QUIET = Usual(limit_seconds=2.0, tolerated=1)


def service(orders: list[Placed], endings: dict[str, Ending], after: float = 0.0) -> list[Second]:
    """Each order comes to the receiver so many seconds after it was accepted."""
    deliveries = {order.order: received(order, after) for order in orders if order.run}
    return seconds_of(orders, endings, deliveries, BEGAN)


def recovered(healed_at: float = 0.0, limit_seconds: float = 60.0, **changes: object) -> float | None:
    orders, endings = steady(**changes)  # type: ignore[arg-type]  # passed on as they are
    return recovery(service(orders, endings), healed_at, QUIET, limit_seconds)


def test_a_service_that_was_never_disturbed_recovers_in_no_time() -> None:
    assert recovered() == 0.0


def test_recovery_lasts_until_the_last_failed_request() -> None:
    assert recovered(outage=range(7)) == 7.0


def test_slow_seconds_are_a_disturbance_too() -> None:
    assert recovered(slow={3: 9.0, 4: 9.0}) == 5.0


def test_a_hiccup_is_no_disturbance() -> None:
    assert recovered(slow={4: 9.0}) == 0.0
    assert recovered(slow={4: 9.0, 25: 9.0}) == 0.0


def test_recovery_counts_from_the_end_of_the_cause() -> None:
    assert recovered(healed_at=20.0, outage=range(24), seconds=range(-10, 60)) == 4.0


def test_quiet_seconds_while_the_cause_lasts_are_no_recovery() -> None:
    slow = dict.fromkeys((0, 1, 29, 30), 9.0)
    assert recovered(healed_at=25.0, slow=slow, seconds=range(-10, 60)) == 6.0


def test_disturbances_close_together_are_one() -> None:
    assert recovered(slow={2: 9.0, 3: 9.0, 12: 9.0, 13: 9.0}) == 14.0


def test_a_relapse_within_the_limit_is_the_same_faults_and_a_later_one_is_not() -> None:
    slow = {1: 9.0, 2: 9.0, 20: 9.0, 21: 9.0}
    assert recovered(slow=slow) == 22.0
    assert recovered(slow=slow, limit_seconds=15.0) == 3.0


def test_a_disturbance_after_a_calm_minute_is_another_ones() -> None:
    slow = {1: 9.0, 2: 9.0, 70: 9.0, 71: 9.0}
    assert recovered(slow=slow, limit_seconds=120.0, seconds=range(-10, 100)) == 3.0


def test_a_service_that_is_disturbed_until_the_end_has_not_recovered() -> None:
    assert recovered(outage=range(40)) is None
    assert recovered(outage=range(35)) is None
    assert recovered(outage=range(40), limit_seconds=5.0) is None


def test_a_service_whose_runs_fail_is_disturbed_however_quickly_they_do() -> None:
    orders, endings = steady(seconds=range(-10, 0))
    failed = {run: replace(ending, status="failed") for run, ending in endings.items()}
    seconds = seconds_of(orders, failed, {}, BEGAN)
    assert all(second.disturbed == second.orders > 0 and second.p95_seconds is None for second in seconds)
    assert unfit(seconds, 0, OBJECTIVES) == ["no order was done while nothing was wrong"]


def test_a_service_whose_effects_come_long_after_its_runs_say_completed_is_slow() -> None:
    orders, endings = steady()
    assert recovery(service(orders, endings, after=9.0), 0.0, QUIET) is None
    assert recovery(service(orders, endings, after=0.1), 0.0, QUIET) == 0.0


def test_an_order_that_was_never_completed_disturbs_its_second() -> None:
    order = placed(1, 3)
    (second,) = service([order], {})
    assert (second.at, second.orders, second.disturbed, second.p95_seconds) == (3, 1, 1, None)


def test_seconds_without_orders_are_there_too() -> None:
    orders = [placed(1, -1.5), placed(2, 1.5)]
    seconds = service(orders, {str(order.run): completed(order) for order in orders})
    assert [(second.at, second.orders) for second in seconds] == [(-2, 1), (-1, 0), (0, 0), (1, 1)]


def test_what_is_slow_depends_on_what_was_usual_before_the_fault() -> None:
    orders, endings = steady(seconds=range(-10, 0), slow=dict.fromkeys(range(-10, 0), 1.0))
    slow = service(orders, endings)
    quick = service(*steady(seconds=range(-10, 0)))
    assert 4.0 < usual_of(quick, slow, objectives=OBJECTIVES).limit_seconds < 4.2
    assert usual_of(quick, objectives=OBJECTIVES) == QUIET
    assert usual_of(objectives=OBJECTIVES) == QUIET


def test_a_slow_calm_does_not_make_a_slow_service_usual() -> None:
    slow = service(*steady(seconds=range(-10, 0), slow=dict.fromkeys(range(-10, 0), 20.0)))
    assert usual_of(slow, objectives=OBJECTIVES).limit_seconds == OBJECTIVES.slow_seconds
    assert unfit(slow, 0, OBJECTIVES) == [
        "the undisturbed service had a p95 of 20.0 s (median of 10 seconds), more than the objective of 5 s"
    ]


def test_failures_in_the_calm_do_not_make_failures_usual() -> None:
    failing = service(*steady(seconds=range(-10, 0), outage=range(-10, 0)))
    assert usual_of(failing, objectives=OBJECTIVES).tolerated == 1
    assert unfit(failing, 20, OBJECTIVES) == ["20 orders failed while nothing was wrong"]


def test_a_quick_calm_without_failures_is_fit_and_one_without_orders_is_not() -> None:
    assert unfit(service(*steady(seconds=range(-10, 0))), 0, OBJECTIVES) == []
    assert unfit([], 0, OBJECTIVES) == ["no order was done while nothing was wrong"]


def test_a_machine_that_hiccups_when_nothing_is_wrong_may_do_so_after_a_fault() -> None:
    hiccups = service(*steady(seconds=range(-20, 0), slow=dict.fromkeys((-15, -12, -2), 9.0)))
    usual = usual_of(hiccups, objectives=OBJECTIVES)
    assert usual.tolerated == 3
    after = service(*steady(slow=dict.fromkeys((5, 8, 11), 9.0)))
    assert recovery(after, 0.0, usual) == 0.0
    assert recovery(after, 0.0, QUIET) == 12.0


def test_waits_and_errors_are_told_as_users_had_them() -> None:
    orders = [placed(1, 0, took=6.5, failed=3), placed(2, 0), placed(3, 0, took=99, failed=1, accepted=False)]
    assert errors_by_kind(orders) == {"503": 4}
    assert longest_acceptance(orders) == 6.5
    endings = {"r-1": completed(orders[0], 2.0), "r-2": completed(orders[1], 0.5)}
    assert longest_wait(orders, endings, {}) == 2.0
    assert longest_wait(orders, endings, {"o-1": delivered(orders[0]), "o-2": received(orders[1], 3.0)}) == 3.0
    assert longest_wait([], {}, {}) is None
