"""Prints milliseconds at the median and the 99th percentile, in the worker itself and in evaluation processes."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

from patchbay_runtime.evaluation.engine import evaluate
from patchbay_runtime.evaluation.evaluators import Evaluators
from patchbay_runtime.steps.json_text import NO_VARIABLES, NULL, JsonText

ROUNDS = 1000
SMALL: dict[str, Any] = {"a": 1}
LINES: dict[str, Any] = {"lines": [{"sku": f"example-{number}", "qty": number} for number in range(200)]}
EXPRESSIONS = (
    ("small", "a + 1", SMALL, ROUNDS),
    ("200 lines", "lines[qty > 10].{'sku': sku & '!', 'qty': qty * 2}", LINES, ROUNDS // 20),
)


async def _measure(rounds: int, once: Callable[[int], Awaitable[object]]) -> str:
    taken = []
    for number in range(rounds):
        began = time.perf_counter()
        await once(number)
        taken.append((time.perf_counter() - began) * 1000)
    cuts = statistics.quantiles(taken, n=100)
    return f"p50 {cuts[49]:.3f} ms, p99 {cuts[98]:.3f} ms"


async def main() -> None:
    """Measure each way, one step after the other."""
    evaluators = Evaluators()
    began = time.perf_counter()
    await evaluators.evaluate("example", NO_VARIABLES, {"e": "1"}, NULL)
    print(f"start of the program and the first step: {(time.perf_counter() - began) * 1000:.0f} ms")
    for name, expression, payload, rounds in EXPRESSIONS:

        async def here(_: int, expression: str = expression, payload: Any = payload) -> object:
            return evaluate(expression, payload, {}, 0)

        text = JsonText.of(payload)

        async def apart(_: int, expression: str = expression, text: JsonText = text) -> object:
            return await evaluators.evaluate("example", NO_VARIABLES, {"e": expression}, text)

        async def anew(number: int, expression: str = expression, text: JsonText = text) -> object:
            return await evaluators.evaluate(f"example-{number}", NO_VARIABLES, {"e": expression}, text)

        print(f"{name}, in this process: {await _measure(rounds, here)}")
        print(f"{name}, in a process of the tenant: {await _measure(rounds, apart)}")
        print(f"{name}, in a new process for each step: {await _measure(min(rounds, 200), anew)}")
    await evaluators.close()


if __name__ == "__main__":
    asyncio.run(main())
