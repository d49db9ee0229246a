"""One fault, from steady service to steady service."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.objectives import FaultObjectives
from patchbay_loadtests.core.settlement import follow
from patchbay_loadtests.core.traffic.locust_process import LocustProcess
from patchbay_loadtests.core.traffic.protocol import Placed, TrafficSettings
from patchbay_loadtests.faults.alerts import AlertWatch
from patchbay_loadtests.faults.catalogue.fault import Fault
from patchbay_loadtests.faults.flows import SHAPE, STEADY_FLOW, steady_orders
from patchbay_loadtests.faults.health import fixed_nodes
from patchbay_loadtests.faults.judging.fault import Record
from patchbay_loadtests.faults.judging.service import Second
from patchbay_loadtests.faults.pace import Pace
from patchbay_loadtests.faults.promises import AlertPromise
from patchbay_loadtests.faults.stage import Stage

USERS = 192
HAND_OVER_PER_SECOND = 5000  # no pause of the driver's own

Say = Callable[[str], None]


class NotAtRestError(Exception):
    """The fault is not begun: nothing could be said of it."""


@dataclass(frozen=True)
class Watching:
    """What a fault is watched by."""

    alerts: AlertWatch
    promises: Mapping[str, AlertPromise]
    objectives: FaultObjectives
    calm: Sequence[Second]
    log: Path


@asynccontextmanager
async def steady_load(stage: Stage, log: Path) -> AsyncIterator[LocustProcess]:
    """Orders of the stage come at its rate within. When it is left those that have come are placed or given up."""
    settings = TrafficSettings(
        host=stage.options.host,
        tenant=stage.options.tenant,
        flow=STEADY_FLOW,
        users=USERS,
        orders_per_second=HAND_OVER_PER_SECOND,
        patience_seconds=stage.options.pace.patience,
        finish_seconds=stage.options.pace.finish,
    )
    async with LocustProcess(settings, log, stage.gateway.sender(STEADY_FLOW)) as traffic:
        orders = steady_orders(stage.prefix, stage.orders_per_second, time.time())
        sending = asyncio.create_task(traffic.send(orders))
        try:
            yield traffic
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError, UnusableEnvironmentError):
                await sending


@dataclass(frozen=True)
class Drilled:
    """A fault that is over but for its alert, which may still fire. `accepted`: how many orders were."""

    alert: str
    accepted: int
    record: Callable[..., Record]

    async def silenced(self, alerts: AlertWatch, seconds: float) -> Record:
        """The record, once the alert is silent, or is not within so long."""
        silent = await alerts.silent(self.alert, seconds)
        return self.record(alert_last_fired=alerts.last_fired.get(self.alert), alert_fell_silent=silent)


async def drill(fault: Fault, stage: Stage, watching: Watching, *, orders: int, say: Say) -> Drilled:
    """Run the fault under load; `orders` is its share of them. Whatever does not work out is its finding.

    NotAtRestError: it was not begun.
    """
    pace, alerts = stage.options.pace, watching.alerts
    fixed = fixed_nodes(await _prepared(fault, stage, alerts))
    steady: list[Placed] = []
    began = healed = time.time()
    whole: float | None = None
    lacks: list[str] = ["it was not looked at"]

    async def lacking() -> list[str]:
        return [*await stage.lacks(fixed), *await fault.lacks(stage)]

    try:
        async with asyncio.timeout(pace.longest_drill), steady_load(stage, watching.log) as traffic:
            steady = traffic.placed
            await _undisturbed(traffic, pace)
            began, healed = await _go_wrong(fault, stage, alerts, say)
            say(f"healed after {healed - began:.0f} s; waiting until all is whole")
            lacks = await until_none(lacking, fault.recovery_limit_seconds, pace.look)
            whole = None if lacks else time.time()
            await alerts.fires(fault.alert, began, pace.alert)
            await _until_calm(stage, traffic, healed + fault.recovery_limit_seconds)
            while len(traffic.placed) < orders:
                traffic.ensure_alive()
                await asyncio.sleep(pace.look)
    except (UnusableEnvironmentError, OSError, TimeoutError) as error:
        fault.findings.append(f"the load was not as meant: {type(error).__name__} {error}".rstrip())
    say(f"{len(steady)} orders; following their runs to the end")
    placed = [*steady, *stage.placed]
    runs = [order.run for order in placed if order.run]
    settled = await follow(stage.gateway, runs, pace.settling)
    prefix = f"{stage.prefix}-"
    record = partial(
        Record,
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
        deliveries={key: found for key, found in stage.receiver.deliveries().items() if key.startswith(prefix)},
        poisonous=frozenset(stage.poisonous),
        most_in_hand=fault.most_in_hand,
        alert_due=alert_due(fault, began, healed, whole),
        alert_fired=alerts.first_fired.get(fault.alert),
        alert_promise=watching.promises[fault.alert],
        objectives=watching.objectives,
        findings=fault.findings,
        notes=[*fault.notes, *settled.notes],
        calm=watching.calm,
        window=pace.window,
    )
    return Drilled(fault.alert, len(runs), record)


def alert_due(fault: Fault, began: float, healed: float, whole: float | None) -> float:
    """When what the alert tells of came about."""
    shown = began if fault.shown is None else fault.shown
    return {"began": shown, "healed": healed, "whole": whole or healed}[fault.alert_counts_from]


async def _prepared(fault: Fault, stage: Stage, alerts: AlertWatch) -> list[dict[str, object]]:
    """The nodes, once what went before is over."""
    pace = stage.options.pace
    if busy := await until_none(lambda: stage.busy(count_pods=fault.counts_pods), pace.rest_before, pace.look):
        raise NotAtRestError(f"not at rest after {pace.rest_before:.0f} s: {'; '.join(busy[:3])}")
    try:
        await stage.replace_restarted(await fault.victims(stage))
        if lacks := await until_none(lambda: stage.lacks({}), pace.whole_before, pace.look):
            raise NotAtRestError(f"not whole after {pace.whole_before:.0f} s: {'; '.join(lacks[:3])}")
        if fault.kills_workers and (
            unknown := await until_none(lambda: stage.unknown_workers(SHAPE), pace.whole_before, pace.look)
        ):
            raise NotAtRestError("; ".join(unknown))
        for alert in (fault.alert, *fault.also_fires):
            if not await alerts.silent(alert, pace.silent_before):
                raise NotAtRestError(f"alert {alert} fires already")
        return await stage.nodes()
    except UnusableEnvironmentError as error:
        raise NotAtRestError(str(error)) from error


async def _undisturbed(traffic: LocustProcess, pace: Pace) -> None:
    """The baseline, from the first order on: Locust takes its time to send it."""
    give_up = time.monotonic() + pace.first_order
    while not traffic.placed:
        traffic.ensure_alive()
        if time.monotonic() > give_up:
            raise NotAtRestError("no order was accepted before the fault")
        await asyncio.sleep(pace.look)
    await asyncio.sleep(pace.baseline)
    failed = [order for order in traffic.placed if order.failures]
    if failed:
        raise NotAtRestError(f"{len(failed)} orders failed before the fault: {failed[0].failures[0].kind}")


async def _until_calm(stage: Stage, traffic: LocustProcess, give_up: float) -> None:
    """Watch until nothing has had to wait and no request has failed for the calm's length, or the time is over.

    What ends sooner has no stretch of good service to show after a late failure.
    """
    calm_since = time.time()
    while (now := time.time()) < calm_since + stage.options.pace.calm_after:
        if now < give_up:
            failed = [failure.at for order in traffic.placed for failure in order.failures]
            calm_since = max([calm_since, *failed])
            with suppress(UnusableEnvironmentError):
                if await stage.is_behind():
                    calm_since = time.time()
        await asyncio.sleep(stage.options.pace.look)


async def _go_wrong(fault: Fault, stage: Stage, alerts: AlertWatch, say: Say) -> tuple[float, float]:
    """When it began and when its cause had ended. What cannot be brought about is the fault's finding."""
    began = time.time()
    try:
        await fault.prepare(stage)
        alerts.forget(fault.alert)
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


async def until_none(ask: Callable[[], Awaitable[list[str]]], seconds: float, look: float) -> list[str]:
    """Wait until nothing is told any more; what still is after `seconds`."""
    give_up = time.monotonic() + seconds
    while True:
        try:
            told = await ask()
        except UnusableEnvironmentError as error:
            told = [str(error)]
        if not told or time.monotonic() > give_up:
            return told
        await asyncio.sleep(look)
