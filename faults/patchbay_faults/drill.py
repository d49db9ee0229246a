"""One fault, from steady service to steady service."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from patchbay_loadtests.errors import UnusableEnvironmentError

from patchbay_faults.alerts import AlertWatch
from patchbay_faults.faults.fault import Fault
from patchbay_faults.flows import STEADY_FLOW
from patchbay_faults.health import fixed_nodes
from patchbay_faults.judging.fault import Record
from patchbay_faults.settlement import settle
from patchbay_faults.stage import Stage
from patchbay_faults.traffic.protocol import ArrivalSettings
from patchbay_faults.traffic.steady import SteadyTraffic

REST_SECONDS = 300.0
WHOLE_BEFORE_SECONDS = 240.0
# Each look is a dozen lists from the API server.
LOOK_SECONDS = 2.0
ALERT_SECONDS = 60.0
SILENCE_SECONDS = 240.0
# Beyond a fault's own limit: the time to see that it is calm, and for the share of the runs.
LONGEST_DRILL_SECONDS = 1800.0

Say = Callable[[str], None]


async def drill(fault: Fault, stage: Stage, alerts: AlertWatch, *, orders: int, log: Path, say: Say) -> Record:
    """Run the fault under load; `orders` is its share of them."""
    options = stage.options
    if busy := await _until_none(stage.busy, REST_SECONDS):
        raise UnusableEnvironmentError(f"not at rest before {fault.name}: {'; '.join(busy[:5])}")
    fixed = fixed_nodes(await stage.nodes())
    if lacks := await _until_none(lambda: stage.lacks(fixed), WHOLE_BEFORE_SECONDS):
        raise UnusableEnvironmentError(f"not whole before {fault.name}: {'; '.join(lacks[:5])}")
    if not await alerts.silent(fault.alert, SILENCE_SECONDS):
        fault.findings.append(f"alert {fault.alert} fired before the fault")
    settings = ArrivalSettings(
        host=options.host,
        tenant=options.tenant,
        flow=STEADY_FLOW,
        prefix=stage.prefix,
        orders_per_second=options.orders_per_second,
    )
    async with asyncio.timeout(LONGEST_DRILL_SECONDS), SteadyTraffic(settings, log) as traffic:
        enough = time.time() + orders / options.orders_per_second
        await asyncio.sleep(options.baseline_seconds)
        began, healed = await _go_wrong(fault, stage, alerts, say)
        say(f"healed after {healed - began:.0f} s; waiting until all is whole")

        async def lacking() -> list[str]:
            return [*await stage.lacks(fixed), *await fault.lacks(stage)]

        lacks = await _until_none(lacking, fault.recovery_limit_seconds)
        whole = None if lacks else time.time()
        await alerts.fires(fault.alert, began, ALERT_SECONDS)
        await asyncio.sleep(max(options.calm_seconds, enough - time.time()))
        await traffic.finish()
    say(f"{len(traffic.placed)} orders; following their runs to the end")
    placed = [*traffic.placed, *stage.placed]
    endings = await settle(stage.gateway, [order.run for order in placed if order.run])
    silent = await alerts.silent(fault.alert, SILENCE_SECONDS)
    effects = {key: number for key, number in stage.receiver.effects().items() if key.startswith(f"{stage.prefix}-")}
    return Record(
        name=fault.name,
        question=fault.question,
        alert=fault.alert,
        recovery_limit_seconds=fault.recovery_limit_seconds,
        began=began,
        healed=healed,
        whole=whole,
        lacks=lacks,
        steady=traffic.placed,
        beside=stage.placed,
        endings=endings,
        effects=effects,
        poisonous=frozenset(stage.poisonous),
        alert_fired=alerts.first_fired.get(fault.alert),
        alert_fell_silent=silent,
        findings=fault.findings,
        notes=fault.notes,
    )


async def _go_wrong(fault: Fault, stage: Stage, alerts: AlertWatch, say: Say) -> tuple[float, float]:
    """When it began and when its cause had ended. What cannot be brought about is the fault's finding."""
    began = time.time()
    try:
        await fault.prepare(stage)
        alerts.forget()
        began = time.time()
        say("goes wrong")
        await fault.inject(stage)
        await fault.hold(stage)
    except UnusableEnvironmentError as error:
        fault.findings.append(f"could not be brought about as meant: {error}")
    finally:
        await fault.heal(stage)
    return began, time.time()


async def _until_none(ask: Callable[[], Awaitable[list[str]]], seconds: float) -> list[str]:
    """Wait until nothing is told any more; what still is after `seconds`."""
    give_up = time.monotonic() + seconds
    while True:
        try:
            told = await ask()
        except UnusableEnvironmentError as error:
            told = [str(error)]
        if not told or time.monotonic() > give_up:
            return told
        await asyncio.sleep(LOOK_SECONDS)
