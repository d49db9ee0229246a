"""The whole set, from an environment that may hold leftovers to the published report."""

import asyncio
import fcntl
import math
import uuid
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from patchbay_loadtests.cluster import Cluster
from patchbay_loadtests.errors import UnusableEnvironmentError
from patchbay_loadtests.gateway import Gateway
from patchbay_loadtests.proof import environment
from patchbay_loadtests.report.publish import new_directory, point_latest_to
from rich.console import Console

from patchbay_faults import flows
from patchbay_faults.alerts import AlertWatch
from patchbay_faults.drill import drill
from patchbay_faults.faults.fault import Fault
from patchbay_faults.judging.fault import judge_fault
from patchbay_faults.judging.result import FaultResult, Result, judge
from patchbay_faults.judging.service import Second
from patchbay_faults.kubectl import Kubectl
from patchbay_faults.leftovers import Ledger
from patchbay_faults.options import Options
from patchbay_faults.receiver import Receiver
from patchbay_faults.report.publish import write_report
from patchbay_faults.stage import Stage


async def run(options: Options, faults: Sequence[type[Fault]], console: Console) -> tuple[Result, Path]:
    """Run the faults one after the other; the result and the report's directory."""
    async with AsyncExitStack() as stack:
        stack.enter_context(_alone(options.state))
        cluster = await stack.enter_async_context(Cluster(options.kubeconfig, options.context))
        gateway = await stack.enter_async_context(Gateway(options.host, options.tenant))
        kubectl = Kubectl(options.kubeconfig, options.context)
        leftovers = Ledger(options.state / "leftovers.jsonl", kubectl)
        if left := await leftovers.put_back():
            console.print(f"an earlier run was cut off; put back: {', '.join(left)}", highlight=False)
        stack.push_async_callback(leftovers.put_back)
        versions = await environment.versions(cluster, options)
        receiver = Receiver(options.receiver_address)
        stack.enter_context(receiver.serving())
        for flow in (flows.steady_flow, flows.long_flow, flows.poison_flow):
            await gateway.register(flow(receiver.url))
        directory = new_directory(options.reports)
        alerts = await stack.enter_async_context(AlertWatch(cluster, options.metrics_namespace))
        results: list[FaultResult] = []
        told: set[str] = set()
        timelines: dict[str, list[Second]] = {}
        final = _judge(results, told, receiver, options, versions)
        orders = math.ceil(options.runs / len(faults))
        for number, kind in enumerate(faults, start=1):
            stage = Stage(
                options, cluster, gateway, kubectl, leftovers, receiver, f"{kind.name}-{uuid.uuid4().hex[:6]}"
            )
            fault = kind()
            title = f"[{number}/{len(faults)}] {fault.name}"
            console.print(f"{title}: {fault.question}", highlight=False)

            def say(line: str, title: str = title) -> None:
                console.print(f"{title}: {line}", highlight=False, markup=False)

            record = await drill(fault, stage, alerts, orders=orders, log=directory / "locust.log", say=say)
            result, timelines[fault.name] = judge_fault(record)
            results.append(result)
            told |= {order for order, number in record.effects.items() if number > 1}
            say(summary(result))
            # What is known is kept, should the rest be cut off.
            final = _judge(results, told, receiver, options, versions)
            await asyncio.to_thread(write_report, directory, final, timelines)
        point_latest_to(directory)
        return final, directory


def summary(result: FaultResult) -> str:
    """One line."""
    runs = result.runs
    recovery = "-" if result.recovery_seconds is None else f"{result.recovery_seconds:.0f} s"
    line = (
        f"{'passed' if result.passed else 'FAILED'}: {runs.accepted} accepted, {runs.completed} completed once, "
        f"{runs.duplicated} duplicated, {runs.lost} lost, {runs.dead_lettered} dead-lettered; "
        f"back after {recovery}, longest wait {result.longest_wait_seconds or 0:.1f} s, "
        f"alert {'fired' if result.alert_fired else 'silent'}"
    )
    return "; ".join((line, *result.reasons))


def _judge(
    results: list[FaultResult], told: set[str], receiver: Receiver, options: Options, versions: dict[str, str]
) -> Result:
    """`told`: orders with more than one effect that are counted with their fault."""
    twice = {order for order, number in receiver.effects().items() if number > 1}
    return judge(
        tuple(results),
        late_duplicates=tuple(sorted(twice - told)),
        versions=versions,
        config={
            "host": options.host,
            "orders_per_second": options.orders_per_second,
            "runs": options.runs,
            "baseline_seconds": options.baseline_seconds,
            "calm_seconds": options.calm_seconds,
        },
    )


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UnusableEnvironmentError("faults are being run by another process") from None
        yield
