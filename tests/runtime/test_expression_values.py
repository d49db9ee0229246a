"""What expressions give: JSONata's values and codes, the step's own time, and integers with all of their digits."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from patchbay_runtime.evaluation.evaluators import Evaluators
from patchbay_runtime.steps.fault import StepFault
from patchbay_runtime.steps.json_text import NO_VARIABLES, JsonText

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORDER = 5566778899001122
LARGE = 2**53 + 1  # the first integer that a double does not have


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def evaluators() -> AsyncIterator[Evaluators]:
    evaluators = Evaluators()
    yield evaluators
    await evaluators.close()


async def values(evaluators: Evaluators, *expressions: str, payload: Any = None) -> list[Any]:
    fields = {f"v{index}": text for index, text in enumerate(expressions)}
    found = await evaluators.evaluate("example", NO_VARIABLES, fields, JsonText.of(payload))
    return [text.read() for text in found]


async def test_the_time_is_the_steps_own_in_all_of_its_expressions(evaluators: Evaluators) -> None:
    await values(evaluators, "$now()", "$millis()")
    await asyncio.sleep(0.05)
    before = time.time_ns() // 1_000_000
    slow = "( $count($map([1..5000], function($v){ $v })); $millis() )"
    first, now, last, evaluated = await values(evaluators, "$millis()", "$toMillis($now())", slow, "$eval('$millis()')")
    after = time.time_ns() // 1_000_000
    assert first == now == last == evaluated
    assert before <= first <= after


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'/orders/' & order", f"/orders/{ORDER}"),
        ("$string(1234567890123456)", "1234567890123456"),
        ("$string({'n': [large]})", f'{{"n":[{LARGE}]}}'),
        *(
            (expression, LARGE)
            for expression in (
                *("large", "$lookup($, 'large')", "$max([large, 1])", "$abs(large)", "$floor(large)", "$ceil(large)"),
                *("$round(large)", "$number($string(large))", "-(-large)", "$sum([large])", "$sort([large])[0]"),
            )
        ),
        ("$formatNumber(large, '0')", str(LARGE)),
        ("order + 1", ORDER + 1),
    ],
)
async def test_an_integer_keeps_its_digits(evaluators: Evaluators, expression: str, value: Any) -> None:
    (found,) = await values(evaluators, expression, payload={"order": ORDER, "large": LARGE})
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "expression", ["large * 1", "large + 0", "large / 1", "large % 2", "order * 10", "$power(large, 1)", "$sqrt(large)"]
)
async def test_arithmetic_that_would_change_an_integers_digits_says_so(evaluators: Evaluators, expression: str) -> None:
    with pytest.raises(StepFault) as caught:
        await values(evaluators, expression, payload={"order": ORDER + 1, "large": LARGE})
    assert caught.value.code == "integer_too_large"
    assert str(LARGE) not in caught.value.message


# https://docs.jsonata.org/string-functions#string and https://tc39.es/ecma262/#sec-numeric-types-number-tostring
@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$string(0.1 + 0.2)", "0.3"),
        ("$string([0.1 + 0.2, 1e21, 1e-7, 0.000001, 100, -0.5])", "[0.3,1e+21,1e-7,0.000001,100,-0.5]"),
        ("$string({'a': 'ä', 'f': function($x){$x}})", '{"a":"ä","f":""}'),
        ("$string({'a': [1], 'b': {}}, true)", '{\n  "a": [\n    1\n  ],\n  "b": {}\n}'),
        ("5.5 % 2", 1.5),
        ("-5 % 3", -2),
        ("$round(2.5)", 2),
        ("$round(123.456, -1)", 120),
        ("$number('0x1F')", 31),
        ("$reduce([1..100], function($a, $b){ $a * $b })", pytest.approx(9.33262154439441e157)),
    ],
)
async def test_other_numbers_are_written_and_computed_as_in_jsonata(
    evaluators: Evaluators, expression: str, value: Any
) -> None:
    assert await values(evaluators, expression) == [value]


# The codes of https://github.com/jsonata-js/jsonata/blob/master/src/jsonata.js
@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("1/0", "D1001"),
        ("0/0", "D1001"),
        ("5 % 0", "D1001"),
        ("10e300 * 10e100", "D1001"),
        ("$power(10, 400)", "D3061"),
        ("$power(-8, 0.5)", "D3061"),
        ("$toMillis('foo')", "D3110"),
        ("$toMillis('1 2020', '[D] [Y]')", "D3136"),
        ("$number('foo')", "D3030"),
        ("$sqrt(-1)", "D3060"),
        ("$sort([1, 'a'])", "D3070"),
        ("'example-secret' + 1", "T2001"),
        ("1 < 'example-secret'", "T2009"),
        ("$error('told by the flow')", "D3137: told by the flow"),
    ],
)
async def test_a_fault_has_jsonatas_code_and_never_the_data(evaluators: Evaluators, expression: str, code: str) -> None:
    with pytest.raises(StepFault) as caught:
        await values(evaluators, expression)
    assert caught.value.code == "expression_failed"
    assert caught.value.message.startswith(f"v0: {code}")
    assert "example-secret" not in caught.value.message
