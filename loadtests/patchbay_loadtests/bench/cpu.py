"""CPU time that the environment's own processes have used, as Prometheus has scraped it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from patchbay_loadtests.core.errors import UnusableEnvironmentError

# Prometheus' job of each program.
JOBS: Final[Mapping[str, str]] = {"worker": "workers", "api": "api"}
# Several scrapes: one may fail, and a pod that has just ended is known for another.
PATIENCE_SECONDS: Final = 30.0
# The result of an instant query: series with their labels and `[time, value]`.
Ask = Callable[[str], Awaitable[list[dict[str, Any]]]]


async def cpu_seconds(ask: Ask, program: str, *, pause_seconds: float = 0.5) -> dict[str, float]:
    """CPU seconds of each process of a program (`worker` or `api`), by its address, scraped after this was called."""
    metric = f'process_cpu_seconds_total{{job="{JOBS[program]}"}}'
    asked = float((await ask("vector(time())"))[0]["value"][1])
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                scraped = [float(series["value"][1]) for series in await ask(f"timestamp({metric})")]
                if scraped and min(scraped) >= asked:
                    break
                await asyncio.sleep(pause_seconds)
    except TimeoutError:
        raise UnusableEnvironmentError(
            f"Prometheus has no {metric} that is newer than {PATIENCE_SECONDS:.0f} s: does it reach these pods?"
        ) from None
    return {series["metric"]["instance"]: float(series["value"][1]) for series in await ask(metric)}


def used(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """CPU seconds between two readings; a process that is new in the second began at 0."""
    return sum(seconds - before.get(process, 0.0) for process, seconds in after.items())
