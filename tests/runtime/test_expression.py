"""The bounds of an expression's evaluation."""

import time
from typing import Any

import pytest
from patchbay_runtime.steps.expression import TIMEOUT_MILLISECONDS, evaluate
from patchbay_runtime.steps.fault import StepFault


class HeldUp(dict[str, Any]):
    """Lets more time pass than an evaluation may take, without working."""

    def get(self, key: str, default: Any = None, /) -> Any:
        time.sleep(TIMEOUT_MILLISECONDS / 1000 + 0.1)
        return super().get(key, default)


def test_an_evaluation_that_is_held_up_from_outside_is_not_given_up() -> None:
    assert evaluate("a + 1", HeldUp(a=1), {}) == 2


@pytest.mark.parametrize(
    "expression",
    ["( $f := function($x){ $f($x + 1) }; $f(1) )", "$map([1..1000000], function($v){ $v * 2 })"],
)
def test_an_endless_evaluation_is_given_up_after_its_processor_time(expression: str) -> None:
    began = time.thread_time()
    with pytest.raises(StepFault, match=f"timeout after {TIMEOUT_MILLISECONDS} milliseconds"):
        evaluate(expression, {}, {})
    assert time.thread_time() - began >= TIMEOUT_MILLISECONDS / 1000


def test_an_evaluation_may_take_its_whole_time_again_after_one_that_was_given_up() -> None:
    endless = "$x = 0 ? 0 : ( $f := function($y){ $f($y + 1) }; $f(1) )"
    with pytest.raises(StepFault):
        evaluate(endless, {}, {"x": 1})
    assert evaluate(endless, {}, {"x": 0}) == 0


def test_an_evaluation_that_nests_too_deeply_is_given_up() -> None:
    with pytest.raises(StepFault, match="tack overflow"):
        evaluate("( $f := function($x){ 1 + $f($x + 1) }; $f(1) )", {}, {})
