"""One fault, from steady service to steady service."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.settlement import Patience, follow
from patchbay_loadtests.core.traffic.locust_process import LocustProcess
from patchbay_loadtests.core.traffic.protocol import Placed, TrafficSettings
from patchbay_loadtests.faults.alerts import AlertWatch
from patchbay_loadtests.faults.catalogue.fault import Fault
from patchbay_loadtests.faults.flows import SHAPE, STEADY_FLOW, steady_orders
from patchbay_loadtests.faults.health import fixed_nodes
from patchbay_loadtests.faults.judging.fault import Record
from patchbay_loadtests.faults.judging.service import Second
from patchbay_loadtests.faults.stage import Stage

REST_SECONDS = 120.0
WHOLE_BEFORE_SECONDS = 120.0
SILENT_BEFORE_SECONDS = 90.0
# Each look is a dozen lists from the API server.
LOOK_SECONDS = 2.0
ALERT_SECONDS = 60.0
SILENCE_SECONDS = 180.0
# Beyond a fault's own limit: the time to see that it is calm, and for the share of the runs.
LONGEST_DRILL_SECONDS = 1800.0

USERS = 192
HAND_OVER_PER_SECOND = 5000  # no pause of the driver's own
PATIENCE_SECONDS = 240.0
FINISH_SECONDS = 120.0
# A machine that is behind catches up: what counts is whether runs still end.
SETTLING = Patience(stall=150, longest=900, poll=2)

Say = Callable[[str], None]


@asynccontextmanager
async def steady_load(stage: Stage, log: Path) -> AsyncIterator[LocustProcess]:
    """Orders of the stage come at its rate within. When it is left those that have come are placed or given up."""
    settings = TrafficSettings(
        host=stage.options.host,
        tenant=stage.options.tenant,
        flow=STEADY_FLOW,
        users=USERS,
        orders_per_second=HAND_OVER_PER_SECOND,
        patience_seconds=PATIENCE_SECONDS,
        finish_seconds=FINISH_SECONDS,
    )
    async with LocustProcess(settings, log) as traffic:
        orders = steady_orders(stage.prefix, stage.orders_per_second, time.time())
        sending = asyncio.create_task(traffic.send(orders))
        try:
            yield traffic
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError, UnusableEnvironmentError):
                await sending


async def drill(
    fault: Fault, stage: Stage, alerts: AlertWatch, *, orders: int, calm: Sequence[Second], log: Path, say: Say
) -> Record:
    """Run the fault under load; `orders` is its share of them. Whatever does not work out is its finding."""
    fixed = fixed_nodes(await _prepared(fault, stage, alerts))
    steady: list[Placed] = []
    began = healed = time.time()
    whole: float | None = None
    lacks: list[str] = ["it was not looked at"]

    async def lacking() -> list[str]:
        return [*await stage.lacks(fixed), *await fault.lacks(stage)]

    try:
        async with asyncio.timeout(LONGEST_DRILL_SECONDS), steady_load(stage, log) as traffic:
            steady = traffic.placed
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
    except (UnusableEnvironmentError, OSError, TimeoutError) as error:
        fault.findings.append(f"the load was not as meant: {type(error).__name__} {error}".rstrip())
    say(f"{len(steady)} orders; following their runs to the end")
    placed = [*steady, *stage.placed]
    settled, silent = await asyncio.gather(
        follow(stage.gateway, [order.run for order in placed if order.run], SETTLING),
        alerts.silent(fault.alert, SILENCE_SECONDS),
    )
    prefix = f"{stage.prefix}-"
    deliveries = {key: found for key, found in stage.receiver.deliveries().items() if key.startswith(prefix)}
    return Record(
        name=fault.name,
        question=fault.question,
        alert=fault.alert,
        recovery_limit_seconds=fault.recovery_limit_seconds,
        began=began,
        healed=healed,
        whole=whole,
        lacks=lacks,
        steady=steady,
        beside=stage.placed,
        endings=settled.endings,
        deliveries=deliveries,
        poisonous=frozenset(stage.poisonous),
        most_in_hand=fault.most_in_hand,
        alert_fired=alerts.first_fired.get(fault.alert),
        alert_fell_silent=silent,
        findings=fault.findings,
        notes=[*fault.notes, *settled.notes],
        calm=calm,
    )


async def _prepared(fault: Fault, stage: Stage, alerts: AlertWatch) -> list[dict[str, object]]:
    """The nodes, once what went before is over. What is not is told, and does not keep the fault from being run."""
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
    try:
        await fault.heal(stage)
    except UnusableEnvironmentError as error:
        fault.findings.append(str(error))


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
