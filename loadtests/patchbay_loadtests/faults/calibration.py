"""The calm minute before anything goes wrong: what rate this machine carries, and how quick it is then."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from patchbay_loadtests.core.percentiles import percentile
from patchbay_loadtests.core.settlement import follow
from patchbay_loadtests.core.traffic.locust_process import LocustProcess
from patchbay_loadtests.faults.drill import NotAtRestError, Say, steady_load, until_none
from patchbay_loadtests.faults.judging.service import Second, seconds_of
from patchbay_loadtests.faults.stage import Stage, until

RATES: Final = (10.0, 20.0, 40.0, 60.0, 80.0, 100.0)
LEAST_RATE: Final = 5.0
# Too much: several times as slow as with little to do, and slow enough for a user to see it.
WORSE_FACTOR: Final = 3.0
WORSE_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Calm:
    """The rate of the orders, and the undisturbed service at this rate."""

    orders_per_second: float
    seconds: tuple[Second, ...]


async def calibrate(stage: Stage, log: Path, say: Say) -> Calm:
    """At the stage's rate where it was given one, else at half of the last of RATES that is not too much."""
    rate = stage.options.orders_per_second
    if rate is None:
        steps: list[float | None] = []
        for step in RATES:
            steps.append(slowest(await _service(stage, step, stage.options.pace.step, log)))
            shown = "failures" if steps[-1] is None else f"p95 {steps[-1]:.2f} s"
            say(f"{step:.0f} orders per second: {shown}")
            if is_too_much(steps):
                break
        rate = half_of_carried(steps)
    seconds = await _service(stage, rate, stage.options.pace.calm, log)
    p95 = slowest(seconds)
    say(f"goes on with {rate:g} orders per second: {'failures' if p95 is None else f'p95 {p95:.2f} s'}")
    return Calm(rate, tuple(seconds))


def half_of_carried(steps: Sequence[float | None]) -> float:
    """The rate to go on with, by the service at each of RATES so far: half of the last one that is not too much.

    So the machine is known to work off a backlog at the rate at which it arrived.
    """
    carried = len(steps) - is_too_much(steps)
    return max(LEAST_RATE, RATES[carried - 1] / 2) if carried else LEAST_RATE


def is_too_much(steps: Sequence[float | None]) -> bool:
    """Whether the last step is worse than the first one."""
    first, last = steps[0], steps[-1]
    return first is None or last is None or last > max(WORSE_SECONDS, WORSE_FACTOR * first)


def slowest(seconds: Sequence[Second]) -> float | None:
    """The median of the seconds' p95; None where a request failed, or a run did not end."""
    waits = [second.p95_seconds for second in seconds if second.p95_seconds is not None]
    if not waits or any(second.disturbed for second in seconds):
        return None
    return percentile(waits, 50)


async def _has_placed(traffic: LocustProcess) -> bool:
    traffic.ensure_alive()
    return any(order.run for order in traffic.placed)


async def _service(stage: Stage, rate: float, length: float, log: Path) -> list[Second]:
    """The service at a rate, second by second before zero, once what went before is done."""
    pace = stage.options.pace
    if busy := await until_none(lambda: stage.busy(count_pods=False), pace.rest_before, pace.look):
        raise NotAtRestError(f"not at rest after {pace.rest_before:.0f} s: {'; '.join(busy[:3])}")
    step = stage.at_rate(rate)
    async with steady_load(step, log) as traffic:
        await until("a first order that is accepted", lambda: _has_placed(traffic), pace.first_order, pace.look)
        await asyncio.sleep(length)
        end = time.time()
    settled = await follow(stage.gateway, list(traffic.runs.values()), pace.settling)
    seconds = seconds_of(traffic.placed, settled.endings, stage.receiver.deliveries(), end)
    return [second for second in seconds if second.at < 0][pace.warm_up :]
