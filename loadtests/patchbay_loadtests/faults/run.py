"""The whole set, from an environment that may hold leftovers to the published report."""

import math
import uuid
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from rich.console import Console

from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.core.report.publish import new_directory
from patchbay_loadtests.faults import flows
from patchbay_loadtests.faults.alerts import AlertWatch
from patchbay_loadtests.faults.book import Book, Concluding, why
from patchbay_loadtests.faults.calibration import Calm, calibrate
from patchbay_loadtests.faults.catalogue.fault import Fault
from patchbay_loadtests.faults.drill import Drilled, NotAtRestError, Say, Watching, drill
from patchbay_loadtests.faults.judging.result import FaultResult, Result
from patchbay_loadtests.faults.judging.service import unfit
from patchbay_loadtests.faults.kubectl import Kubectl
from patchbay_loadtests.faults.machine.leftovers import undo_leftovers
from patchbay_loadtests.faults.machine.lock import alone
from patchbay_loadtests.faults.options import Options
from patchbay_loadtests.faults.promises import alert_promises
from patchbay_loadtests.faults.receiver import Receiver
from patchbay_loadtests.faults.resumption import CALM, Earlier
from patchbay_loadtests.faults.size import FEW_PODS, Size, limited
from patchbay_loadtests.faults.stage import Stage
from patchbay_loadtests.proof import environment


async def run_faults(
    options: Options, faults: Sequence[type[Fault]], console: Console, earlier: Earlier | None = None
) -> tuple[Result, Path]:
    """Run the faults one after the other; the result and the report's directory.

    `earlier`: a run whose report is gone on with; the faults are then those that are left of it, or to be run again.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(alone(options.state))
        cluster = await stack.enter_async_context(Cluster(options.kubeconfig, options.context))
        gateway = await stack.enter_async_context(Gateway(options.host, options.tenant, options.access))
        kubectl = Kubectl(options.kubeconfig, options.context)
        await undo_leftovers(cluster, console, options.state)
        await environment.undo_killed(cluster, console, *options.namespaces, faults=True)
        size = await stack.enter_async_context(limited(cluster, options))
        await size.at_most(FEW_PODS)
        versions = await environment.versions(cluster, options)
        promises = alert_promises(options.alerts)
        objectives = options.objectives.faults
        receiver = Receiver(options.receiver_address, options.receiver_port)
        stack.enter_context(receiver.serving())
        for flow in (
            flows.steady_flow(receiver.url),
            flows.long_flow(receiver.url),
            flows.poison_flow(receiver.url_apart),
        ):
            await gateway.register(flow)
        book = Book(
            directory=earlier.directory if earlier else new_directory(options.reports),
            planned=earlier.planned if earlier else [fault.name for fault in faults],
            options=options,
            versions=versions,
            receiver=receiver,
        )
        if earlier:
            again = {fault.name for fault in faults}
            book.results |= {name: kept for name, kept in earlier.results.items() if name not in again}
            book.attempts += [*earlier.attempts, *(kept for name, kept in earlier.results.items() if name in again)]
            book.timelines |= earlier.timelines
        alerts = await stack.enter_async_context(
            AlertWatch(cluster, options.metrics_namespace, options.pace.alert_look)
        )
        log = book.directory / "locust.log"

        def stage_of(name: str, rate: float) -> Stage:
            prefix = f"{name}-{uuid.uuid4().hex[:6]}"
            return Stage(options, cluster, gateway, kubectl, receiver, prefix, rate)

        def say(line: str, title: str = "calm") -> None:
            console.print(f"[{title}] {line}", highlight=False, markup=False)

        calm = earlier.calm if earlier and options.orders_per_second is None else None
        if calm is None:
            try:
                calm = await calibrate(stage_of(CALM, 1.0), log, say)
            except (NotAtRestError, UnusableEnvironmentError) as error:
                return await _none_begun(book, faults, f"the calm before: {error}"), book.directory
        book.options = options = options.model_copy(update={"orders_per_second": calm.orders_per_second})
        book.timelines[CALM] = list(calm.seconds)
        failed = sum(second.disturbed for second in calm.seconds)
        if reasons := unfit(calm.seconds, failed, objectives):
            return await _none_begun(book, faults, f"the calm before: {'; '.join(reasons)}"), book.directory
        watching = Watching(alerts, promises, objectives, calm.seconds, log)
        _say_how_long(faults, book, calm, console)
        rate = calm.orders_per_second

        def stage_for(fault: type[Fault]) -> Stage:
            return stage_of(fault.name, rate * fault.share_of_rate)

        await _run_each(faults, book, watching, size, stage_of=stage_for, say=say)
        return await book.keep(), book.directory


async def _run_each(
    faults: Sequence[type[Fault]],
    book: Book,
    watching: Watching,
    size: Size,
    *,
    stage_of: Callable[[type[Fault]], Stage],
    say: Callable[..., None],
) -> None:
    """One fault after the other; `size` is set to what each needs."""
    async with Concluding(book, watching.alerts, book.options.pace.silence) as last:
        for number, kind in enumerate(faults, start=1):
            title = f"{number}/{len(faults)} {kind.name}"
            told = partial(say, title=title)
            told(kind.question)
            await size.at_most(kind.most_pods)
            fault, runs_left = kind(), book.options.runs - book.result().runs.accepted - last.accepted
            orders = share(faults[number - 1 :], runs_left)
            drilled = await _drilled(fault, stage_of(kind), watching, book, orders=orders, say=told)
            await last.concluded()
            last.begin(fault, drilled, told)
        await last.concluded()


async def _drilled(
    fault: Fault, stage: Stage, watching: Watching, book: Book, *, orders: int, say: Say
) -> Drilled | FaultResult:
    """One fault, whatever becomes of it: one that cannot be run says nothing of the others."""
    try:
        return await drill(fault, stage, watching, orders=orders, say=say)
    except NotAtRestError as error:
        return book.not_judged(type(fault), f"not begun: {error}")
    except Exception as error:
        return book.not_judged(type(fault), why(fault, error))


async def _none_begun(book: Book, faults: Sequence[type[Fault]], reason: str) -> Result:
    """The report where the environment did not do what it should before anything went wrong."""
    book.results |= {fault.name: book.not_judged(fault, f"not begun: {reason}") for fault in faults}
    return await book.keep()


def share(faults: Sequence[type[Fault]], runs: int) -> int:
    """How many of the runs that are left the first one of the faults that are left has."""
    loads = [fault.usual_seconds * fault.share_of_rate for fault in faults]
    return max(0, math.ceil(runs * loads[0] / sum(loads)))


def _say_how_long(faults: Sequence[type[Fault]], book: Book, calm: Calm, console: Console) -> None:
    left = max(0, book.options.runs - book.result().runs.accepted)
    anyway = sum(fault.usual_seconds for fault in faults)
    load = max(anyway, left / calm.orders_per_second)
    console.print(
        f"{len(faults)} faults, {left} runs at {calm.orders_per_second:g} per second: some "
        f"{load / 60:.0f} minutes of load (the faults alone take {anyway / 60:.0f})",
        highlight=False,
    )
