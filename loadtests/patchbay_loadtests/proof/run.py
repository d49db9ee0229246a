"""A whole proof, from an environment that may hold leftovers to the published report."""

import asyncio
import uuid
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from pydantic import Field
from rich.console import Console

from patchbay_loadtests.core import cluster_key, flows
from patchbay_loadtests.core.cluster import Cluster, Document
from patchbay_loadtests.core.console import ProgressLines
from patchbay_loadtests.core.errors import ProductFailureError
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.core.messages import tell
from patchbay_loadtests.core.objectives import ScalingObjectives
from patchbay_loadtests.core.report.junit import write_junit
from patchbay_loadtests.core.report.publish import new_directory, point_latest_to, write_proof
from patchbay_loadtests.core.set_up import set_up
from patchbay_loadtests.core.settlement import settle
from patchbay_loadtests.core.target import Name, Target
from patchbay_loadtests.core.traffic.locust_process import LocustProcess
from patchbay_loadtests.core.traffic.protocol import TrafficSettings
from patchbay_loadtests.proof import environment, sync_period
from patchbay_loadtests.proof.baseline import Baseline, slower
from patchbay_loadtests.proof.deployed import read_deployed
from patchbay_loadtests.proof.objectives import misses
from patchbay_loadtests.proof.plan import EDGES, Plan, Steps
from patchbay_loadtests.proof.promise import Promise
from patchbay_loadtests.proof.result import Result, judge
from patchbay_loadtests.proof.sampler import BLIND_SECONDS, Sampler, external_metric
from patchbay_loadtests.proof.steering import Steering
from patchbay_loadtests.proof.watch import Watch

USERS = 4
# Not so many that one step trips the gateway's rate limit.
ORDERS_PER_SECOND = 10.0


class Options(Target):
    """How one proof is run. `flow` makes the flow's document of the sink's address; `idle_shape` may be none."""

    reports: Path
    promise: Promise = Promise()
    shape: Name = flows.STEERED_SHAPE
    idle_shape: Name | None = "filter"
    flow: Callable[[str], Document] = Field(default=flows.order_flow, exclude=True)
    steps: Steps = EDGES
    repeat: int = Field(default=0, ge=0, le=100)
    objectives: ScalingObjectives | None = None
    baseline: Baseline | None = Field(default=None, exclude=True)
    junit: Path | None = None
    sink_python: str = "python3"
    keep: bool = False
    key_from_cluster: bool = Field(default=False, exclude=True)
    blind_seconds: float = BLIND_SECONDS
    orders_per_second: float = ORDERS_PER_SECOND


async def prove(options: Options, console: Console) -> tuple[Result, Path]:
    """Run the proof; returns its result and the report's directory."""
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(Cluster(options.kubeconfig, options.context))
        access = options.access
        if options.key_from_cluster:
            access = await cluster_key.of_administrator(cluster, options.namespace, access)
        gateway = await stack.enter_async_context(Gateway(options.host, options.tenant, access))
        await environment.undo_killed(cluster, console, options.namespace)
        steered = await environment.find_shape(cluster, options.namespace, options.shape)
        idle = options.idle_shape and await environment.find_shape(cluster, options.namespace, options.idle_shape)
        shapes = [steered, *([idle] if idle else [])]
        deployed = await read_deployed(
            cluster,
            steered,
            metrics_namespace=options.metrics_namespace,
            hpa_sync_seconds=options.promise.periods.hpa_sync,
        )
        plan = Plan(promise=options.promise, steps=options.steps, repeat=options.repeat)
        _announce(console, plan)
        versions = await environment.versions(cluster, options)
        sink = await set_up(
            options,
            console,
            cluster,
            gateway,
            stack,
            flow=options.flow,
            sink_python=options.sink_python,
            shape=options.shape,
            keep=options.keep,
        )
        watched = [shape.watched for shape in shapes]
        await environment.until_at_rest(
            cluster, gateway, watched, plan.promise.deadline_seconds(0), pods=plan.promise.min_pods
        )

        directory = new_directory(options.reports)
        sampler = await stack.enter_async_context(
            Sampler(
                cluster,
                gateway,
                steered=steered.watched,
                idle=idle.watched if idle else None,
                metric=external_metric(steered.autoscaler),
                metrics_namespace=options.metrics_namespace,
                blind_seconds=options.blind_seconds,
            )
        )
        flow = str(options.flow("")["name"])
        settings = TrafficSettings(
            host=options.host,
            tenant=options.tenant,
            flow=flow,
            users=USERS,
            orders_per_second=options.orders_per_second,
        )
        book = flows.OrderBook(f"order-{uuid.uuid4().hex[:8]}")
        async with LocustProcess(settings, directory / "locust.log", gateway.sender(flow)) as traffic:
            async with Steering(sink, traffic, sampler, book) as steering:
                watch = Watch(
                    plan, steering, sampler, shape=options.shape, idle_shape=options.idle_shape, deployed=deployed
                )
                ended_by = await _drive(watch, plan, console)
            await environment.ensure_not_rolled_out(cluster, shapes)
            console.print(f"following {len(traffic.runs)} runs to their end", highlight=False)
            runs = await settle(gateway, sink, steering.orders, traffic.runs)
        hpa_sync_seconds = await sync_period.measure(
            cluster, options.metrics_namespace, seconds=sampler.now(), own=sampler.metric_queries
        )
        result = judge(
            watch.timeline(),
            runs,
            versions=versions,
            config={**_config(options, plan), "measured_hpa_sync_seconds": sync_period.told(hpa_sync_seconds)},
            endpoints=(*(traffic.statistics.endpoints if traffic.statistics else ()), *gateway.endpoints()),
            ended_by=ended_by,
        )
        result = _held_further(options, result).held_to(
            "HPA sync period as promised",
            sync_period.differences(options.promise.periods.hpa_sync, hpa_sync_seconds),
        )
        await asyncio.to_thread(write_proof, directory, result, watch.timeline())
        write_junit(directory / "junit.xml", "scaling proof", result.cases())
        if options.junit is not None:
            write_junit(options.junit, "scaling proof", result.cases())
        point_latest_to(directory)
        return result, directory


async def _drive(watch: Watch, plan: Plan, console: Console) -> str | None:
    """Drive the steps; what the product did that ended them early, if it did."""
    progress = ProgressLines(console)
    try:
        await watch.edges(progress)
        if plan.repeat:
            console.print(f"repeating the scale-up at {plan.promise.threshold} processes {plan.repeat} times")
            await watch.repeats(progress)
    except ProductFailureError as error:
        tell(console, "the load cannot go on:", str(error))
        return str(error)
    return None


def _held_further(options: Options, result: Result) -> Result:
    if options.objectives is not None:
        missed = misses(options.objectives, result.steps, result.latency, result.endpoints)
        result = result.held_to("objectives", missed)
    if options.baseline is not None:
        result = result.held_to("baseline", slower(options.baseline, result))
    return result


def _announce(console: Console, plan: Plan) -> None:
    expected = sum(plan.promise.hold_seconds(processes) for processes in plan.steps)
    at_most = expected + sum(plan.promise.deadline_seconds(processes) for processes in plan.steps)
    console.print(
        f"steps {', '.join(map(str, plan.steps))}; a metric period is {plan.promise.periods.metric:.0f} s; "
        f"takes {expected / 60:.1f} to {at_most / 60:.1f} minutes and {plan.repeat} repeats",
        highlight=False,
    )


def _config(options: Options, plan: Plan) -> dict[str, str | int | float]:
    return {
        "host": options.host,
        "tenant": options.tenant,
        "max_pods": plan.promise.max_pods,
        **{f"{field}_seconds": value for field, value in plan.promise.periods.model_dump().items()},
        "metric_period_seconds": plan.promise.periods.metric,
    }
