"""When the service was back, and what its users saw."""

from patchbay_faults.judging.service import (
    errors_by_kind,
    limit_of,
    longest_acceptance,
    longest_wait,
    recovery,
    seconds_of,
)

from tests.faults.records import BEGAN, completed, placed, steady


def recovered(healed_at: float = 0.0, **changes: object) -> float | None:
    orders, endings = steady(**changes)  # type: ignore[arg-type]  # passed on as they are
    return recovery(seconds_of(orders, endings, BEGAN), healed_at)


def test_a_service_that_was_never_disturbed_recovers_in_no_time() -> None:
    assert recovered() == 0.0


def test_recovery_lasts_until_the_last_failed_request() -> None:
    assert recovered(outage=range(7)) == 7.0


def test_a_slow_second_is_a_disturbance_too() -> None:
    assert recovered(slow={4: 9.0}) == 5.0


def test_recovery_counts_from_the_end_of_the_cause() -> None:
    assert recovered(healed_at=20.0, outage=range(24), seconds=range(-10, 60)) == 4.0


def test_quiet_seconds_while_the_cause_lasts_are_no_recovery() -> None:
    orders, endings = steady(seconds=range(-10, 60))
    for second in (0, 30):
        bad = placed(1000 + second, second, failed=1)
        orders.append(bad)
        endings[str(bad.run)] = completed(bad)
    assert recovery(seconds_of(orders, endings, BEGAN), healed_at=25.0) == 6.0


def test_disturbances_close_together_are_one() -> None:
    assert recovered(slow={2: 9.0, 8: 9.0}) == 9.0


def test_a_service_that_is_disturbed_until_the_end_has_not_recovered() -> None:
    assert recovered(outage=range(40)) is None
    assert recovered(outage=range(35)) is None


def test_an_order_that_was_never_completed_disturbs_its_second() -> None:
    order = placed(1, 3)
    (second,) = seconds_of([order], {}, BEGAN)
    assert (second.at, second.orders, second.disturbed, second.p95_seconds) == (3, 1, 1, None)


def test_seconds_without_orders_are_there_too() -> None:
    orders = [placed(1, -1.5), placed(2, 1.5)]
    seconds = seconds_of(orders, {str(order.run): completed(order) for order in orders}, BEGAN)
    assert [(second.at, second.orders) for second in seconds] == [(-2, 1), (-1, 0), (0, 0), (1, 1)]


def test_what_is_slow_depends_on_what_was_usual_before_the_fault() -> None:
    orders, endings = steady(slow=dict.fromkeys(range(-10, 0), 1.0))
    assert 4.0 < limit_of(seconds_of(orders, endings, BEGAN)) < 4.2
    assert limit_of([]) == 2.0


def test_waits_and_errors_are_told_as_users_had_them() -> None:
    orders = [placed(1, 0, took=6.5, failed=3), placed(2, 0), placed(3, 0, took=99, failed=1, accepted=False)]
    assert errors_by_kind(orders) == {"503": 4}
    assert longest_acceptance(orders) == 6.5
    assert longest_wait([completed(orders[0], 2.0), completed(orders[1], 0.5)]) == 2.0
    assert longest_wait([]) is None
