"""The rate that a machine carries."""

import pytest
from patchbay_loadtests.commands.faults import chosen
from patchbay_loadtests.faults.calibration import RATES, half_of_carried, is_too_much, slowest
from patchbay_loadtests.faults.catalogue.faults import FAULTS, SHORT
from patchbay_loadtests.faults.judging.service import Second


def test_the_rate_is_half_of_the_last_one_that_is_not_too_much() -> None:
    steps: list[float | None] = [0.2, 0.25, 1.4]
    assert [is_too_much(steps[:number]) for number in (1, 2, 3)] == [False, False, True]
    assert half_of_carried(steps) == RATES[1] / 2
    assert half_of_carried([0.2] * len(RATES)) == RATES[-1] / 2


def test_a_step_is_not_too_much_while_no_user_would_see_it() -> None:
    assert not is_too_much([0.05, 0.9])


def test_failures_are_too_much_and_the_least_rate_is_tried_all_the_same() -> None:
    assert is_too_much([0.2, None])
    assert is_too_much([None])
    assert half_of_carried([None]) == 5.0
    assert half_of_carried([0.2, None]) == 5.0


def test_of_a_stretch_of_service_the_usual_second_counts() -> None:
    seconds = [Second(at=at, orders=10, p95_seconds=wait) for at, wait in ((-3, 0.2), (-2, 0.3), (-1, 9.0))]
    assert slowest(seconds) == 0.3
    assert slowest([*seconds, Second(at=0, orders=10, disturbed=1, p95_seconds=0.2)]) is None
    assert slowest([]) is None


def test_faults_are_chosen_and_left_out_by_name() -> None:
    assert chosen([], []) == list(FAULTS)
    assert chosen([], [], short=True) == list(SHORT)
    assert [fault.name for fault in chosen(["redis-away", "deploy"], ["deploy"])] == ["redis-away"]
    with pytest.raises(ValueError, match="no fault is called redis-gone"):
        chosen([], ["redis-gone"])
