"""One fault, from steady service to steady service."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.faults.alerts import AlertWatch
from patchbay_loadtests.faults.faults.fault import Fault
from patchbay_loadtests.faults.flows import SHAPE, STEADY_FLOW
from patchbay_loadtests.faults.health import fixed_nodes
from patchbay_loadtests.faults.judging.fault import Record
from patchbay_loadtests.faults.judging.service import Second
from patchbay_loadtests.faults.settlement import settle
from patchbay_loadtests.faults.stage import Stage
from patchbay_loadtests.faults.traffic.protocol import ArrivalSettings
from patchbay_loadtests.faults.traffic.steady import SteadyTraffic

REST_SECONDS = 120.0
WHOLE_BEFORE_SECONDS = 120.0
SILENT_BEFORE_SECONDS = 90.0
# Each look is a dozen lists from the API server.
LOOK_SECONDS = 2.0
ALERT_SECONDS = 60.0
SILENCE_SECONDS = 180.0
HEAL_SECONDS = 180.0
HEAL_PAUSE_SECONDS = 3.0
# Beyond a fault's own limit: the time to see that it is calm, and for the share of the runs.
LONGEST_DRILL_SECONDS = 1800.0

Say = Callable[[str], None]


def arrivals(stage: Stage) -> ArrivalSettings:
    """The steady load of a stage."""
    return ArrivalSettings(
        host=stage.options.host,
        tenant=stage.options.tenant,
        flow=STEADY_FLOW,
        prefix=stage.prefix,
        orders_per_second=stage.orders_per_second,
    )


async def drill(
    fault: Fault, stage: Stage, alerts: AlertWatch, *, orders: int, calm: Sequence[Second], log: Path, say: Say
) -> Record:
    """Run the fault under load; `orders` is its share of them. Whatever does not work out is its finding."""
    fixed = fixed_nodes(await _prepared(fault, stage, alerts, say))
    traffic = SteadyTraffic(arrivals(stage), log)
    began = healed = time.time()
    whole: float | None = None
    lacks: list[str] = ["it was not looked at"]

    async def lacking() -> list[str]:
        return [*await stage.lacks(fixed), *await fault.lacks(stage)]

    try:
        async with asyncio.timeout(LONGEST_DRILL_SECONDS), traffic:
            await asyncio.sleep(stage.options.baseline_seconds)
            began, healed = await _go_wrong(fault, stage, alerts, say)
            say(f"healed after {healed - began:.0f} s; waiting until all is whole")
            lacks = await until_none(lacking, fault.recovery_limit_seconds)
            whole = None if lacks else time.time()
            await alerts.fires(fault.alert, began, ALERT_SECONDS)
            await _until_calm(stage, healed + fault.recovery_limit_seconds)
            while len(traffic.placed) < orders:
                traffic.ensure_alive()
                await asyncio.sleep(LOOK_SECONDS)
            await traffic.finish()
    except (UnusableEnvironmentError, OSError, TimeoutError) as error:
        fault.findings.append(f"the load was not as meant: {type(error).__name__} {error}".rstrip())
    say(f"{len(traffic.placed)} orders; following their runs to the end")
    placed = [*traffic.placed, *stage.placed]
    settled, silent = await asyncio.gather(
        settle(stage.gateway, [order.run for order in placed if order.run]), alerts.silent(fault.alert, SILENCE_SECONDS)
    )
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
        endings=settled.endings,
        effects=effects,
        poisonous=frozenset(stage.poisonous),
        alert_fired=alerts.first_fired.get(fault.alert),
        alert_fell_silent=silent,
        findings=fault.findings,
        notes=[*fault.notes, *settled.notes],
        calm=calm,
    )


async def _prepared(fault: Fault, stage: Stage, alerts: AlertWatch, say: Say) -> list[dict[str, object]]:
    """The nodes, once what went before is over. What is not is told, and does not keep the fault from being run."""
    try:
        if left := await stage.leftovers.put_back():
            say(f"put back what was left: {', '.join(left)}")
    except UnusableEnvironmentError as error:
        fault.notes.append(f"began with leftovers: {error}")
    if busy := await until_none(lambda: stage.busy(count_pods=fault.counts_pods), REST_SECONDS):
        fault.notes.append(f"began while not at rest: {'; '.join(busy[:3])}")
    if fault.kills_workers:
        try:
            await stage.replace_restarted_workers(SHAPE)
        except UnusableEnvironmentError as error:
            fault.notes.append(f"began with workers that restarted: {error}")
    if lacks := await until_none(lambda: stage.lacks({}), WHOLE_BEFORE_SECONDS):
        fault.notes.append(f"began while not whole: {'; '.join(lacks[:3])}")
    if not await alerts.silent(fault.alert, SILENT_BEFORE_SECONDS):
        fault.findings.append(f"alert {fault.alert} fired before the fault")
    return await stage.nodes()


async def _until_calm(stage: Stage, give_up: float) -> None:
    """Watch until nothing has had to wait for the calm's length, or the fault's time is over."""
    calm_since = time.time()
    while (now := time.time()) < calm_since + stage.options.calm_seconds:
        with suppress(UnusableEnvironmentError):
            if now < give_up and await stage.is_behind():
                calm_since = time.time()
        await asyncio.sleep(LOOK_SECONDS)


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
    except Exception as error:
        fault.findings.append(f"could not be brought about as meant: {type(error).__name__} {error}")
    finally:
        await _heal(fault, stage)
    return began, time.time()


async def _heal(fault: Fault, stage: Stage) -> None:
    """A machine that is behind may need more than one try. What stays is in the book, for the next to put back."""
    give_up = time.monotonic() + HEAL_SECONDS
    while True:
        try:
            await fault.heal(stage)
        except UnusableEnvironmentError as error:
            if time.monotonic() > give_up:
                fault.findings.append(str(error))
                return
            await asyncio.sleep(HEAL_PAUSE_SECONDS)
        else:
            return


async def until_none(ask: Callable[[], Awaitable[list[str]]], seconds: float) -> list[str]:
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
