"""A whole proof, from an environment that may hold leftovers to the published report."""

import asyncio
import uuid
from contextlib import AsyncExitStack
from pathlib import Path

from rich.console import Console

from patchbay_loadtests.core import flows
from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.console import ProgressLines
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.core.report.publish import new_directory, point_latest_to, write_proof
from patchbay_loadtests.core.set_up import set_up
from patchbay_loadtests.core.settlement import settle
from patchbay_loadtests.core.target import Target
from patchbay_loadtests.core.traffic.locust_process import LocustProcess
from patchbay_loadtests.core.traffic.protocol import TrafficSettings
from patchbay_loadtests.proof import environment
from patchbay_loadtests.proof.periods import Periods, read_periods
from patchbay_loadtests.proof.plan import EDGES, SHORT_EDGES, Plan
from patchbay_loadtests.proof.result import Result, judge
from patchbay_loadtests.proof.sampler import Sampler, external_metric
from patchbay_loadtests.proof.steering import Steering
from patchbay_loadtests.proof.watch import Watch

USERS = 4
DEFAULT_MAX_PODS = 100  # KEDA's own


class Options(Target):
    """How one proof is run."""

    reports: Path
    idle_shape: str = "filter"
    threshold: int = 8
    short: bool = False
    repeat: int = 0
    pod_start_seconds: float = 60
    hpa_sync_seconds: float = 15
    sink_python: str = "python3"
    keep: bool = False


async def prove(options: Options, console: Console) -> tuple[Result, Path]:
    """Run the proof; returns its result and the report's directory."""
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(Cluster(options.kubeconfig, options.context))
        gateway = await stack.enter_async_context(Gateway(options.host, options.tenant))
        await environment.undo_killed(cluster, console, options.namespace)
        steered = await environment.find_shape(cluster, options.namespace, flows.STEERED_SHAPE)
        idle = await environment.find_shape(cluster, options.namespace, options.idle_shape)
        periods = await read_periods(
            cluster,
            metrics_namespace=options.metrics_namespace,
            scaled_object=steered.scaled_object,
            autoscaler=steered.autoscaler,
            hpa_sync=options.hpa_sync_seconds,
        )
        plan = Plan(
            periods=periods,
            threshold=options.threshold,
            max_pods=steered.scaled_object["spec"].get("maxReplicaCount", DEFAULT_MAX_PODS),
            steps=SHORT_EDGES if options.short else EDGES,
            repeat=options.repeat,
            pod_start_seconds=options.pod_start_seconds,
        )
        _announce(console, plan)
        versions = await environment.versions(cluster, options)
        sink = await set_up(
            options,
            console,
            cluster,
            gateway,
            stack,
            flow=flows.order_flow,
            sink_python=options.sink_python,
            keep=options.keep,
        )
        shapes = [steered.watched, idle.watched]
        await environment.until_at_rest(cluster, gateway, shapes, plan.deadline_seconds(0))

        directory = new_directory(options.reports)
        prefix = f"order-{uuid.uuid4().hex[:8]}"
        sampler = await stack.enter_async_context(
            Sampler(
                cluster,
                gateway,
                steered=steered.watched,
                idle=idle.watched,
                metric=external_metric(steered.autoscaler),
                metrics_namespace=options.metrics_namespace,
            )
        )
        settings = TrafficSettings(host=options.host, tenant=options.tenant, flow=flows.ORDER_FLOW, users=USERS)
        async with LocustProcess(settings, directory / "locust.log") as traffic:
            async with Steering(sink, traffic, sampler, flows.OrderBook(prefix)) as steering:
                watch = Watch(plan, steering, sampler, (flows.STEERED_SHAPE, options.idle_shape))
                progress = ProgressLines(console)
                await watch.edges(progress)
                if plan.repeat:
                    console.print(f"repeating the scale-up at {plan.threshold} processes {plan.repeat} times")
                    await watch.repeats(progress)
            await environment.ensure_not_rolled_out(cluster, [steered, idle])
            console.print(f"following {len(traffic.runs)} runs to their end", highlight=False)
            runs = await settle(gateway, sink, steering.orders, traffic.runs)
        statistics = traffic.statistics
        result = judge(
            watch.timeline(),
            runs,
            versions=versions,
            config=_config(options, plan),
            traffic=statistics.model_dump(exclude={"event"}) if statistics else {},
        )
        await asyncio.to_thread(write_proof, directory, result, watch.timeline())
        point_latest_to(directory)
        return result, directory


def _announce(console: Console, plan: Plan) -> None:
    expected = sum(plan.hold_seconds(processes) for processes in plan.steps)
    at_most = expected + sum(plan.deadline_seconds(processes) for processes in plan.steps)
    console.print(
        f"steps {', '.join(map(str, plan.steps))}; a metric period is {plan.periods.metric:.0f} s; "
        f"takes {expected / 60:.1f} to {at_most / 60:.1f} minutes and {plan.repeat} repeats",
        highlight=False,
    )


def _config(options: Options, plan: Plan) -> dict[str, str | int | float]:
    periods: Periods = plan.periods
    return {
        "host": options.host,
        "tenant": options.tenant,
        "max_pods": plan.max_pods,
        "scrape_seconds": periods.scrape,
        "evaluation_seconds": periods.evaluation,
        "polling_seconds": periods.polling,
        "hpa_sync_seconds": periods.hpa_sync,
        "metric_period_seconds": periods.metric,
        "scale_down_seconds": periods.scale_down,
    }
