"""Prints milliseconds at the median and the 99th percentile, in the worker itself and in evaluation processes."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

from patchbay_runtime.evaluation.engine import evaluate
from patchbay_runtime.evaluation.evaluators import Evaluators

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
    await evaluators.evaluate("example", {}, {"e": "1"}, None)
    print(f"start of the program and the first step: {(time.perf_counter() - began) * 1000:.0f} ms")
    for name, expression, payload, rounds in EXPRESSIONS:

        async def here(_: int, expression: str = expression, payload: Any = payload) -> object:
            return evaluate(expression, payload, {}, 0)

        async def apart(_: int, expression: str = expression, payload: Any = payload) -> object:
            return await evaluators.evaluate("example", {}, {"e": expression}, payload)

        async def anew(number: int, expression: str = expression, payload: Any = payload) -> object:
            return await evaluators.evaluate(f"example-{number}", {}, {"e": expression}, payload)

        print(f"{name}, in this process: {await _measure(rounds, here)}")
        print(f"{name}, in a process of the tenant: {await _measure(rounds, apart)}")
        print(f"{name}, in a new process for each step: {await _measure(min(rounds, 200), anew)}")
    await evaluators.close()


if __name__ == "__main__":
    asyncio.run(main())
