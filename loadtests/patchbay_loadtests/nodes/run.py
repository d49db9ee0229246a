"""A whole node proof, from an environment that may hold leftovers to the published report."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from pydantic import Field
from rich.console import Console

from patchbay_loadtests.core import flows
from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.errors import ProductFailureError, UnusableEnvironmentError
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.core.messages import tell
from patchbay_loadtests.core.report.nodes import write_node_proof
from patchbay_loadtests.core.report.publish import new_directory, point_latest_to
from patchbay_loadtests.core.restoration import Restoring
from patchbay_loadtests.core.set_up import set_up
from patchbay_loadtests.core.settlement import settle
from patchbay_loadtests.core.target import Target
from patchbay_loadtests.core.traffic.locust_process import LocustProcess
from patchbay_loadtests.core.traffic.protocol import TrafficSettings
from patchbay_loadtests.nodes import headroom
from patchbay_loadtests.nodes.autoscaler import read_times
from patchbay_loadtests.nodes.ballast import Ballast, free_room
from patchbay_loadtests.nodes.console import NodeProgress
from patchbay_loadtests.nodes.drive import STEADY_SECONDS, Drive
from patchbay_loadtests.nodes.hold import Hold
from patchbay_loadtests.nodes.judgement import Limits
from patchbay_loadtests.nodes.plan import NodePlan
from patchbay_loadtests.nodes.recorder import NodeRecorder
from patchbay_loadtests.nodes.result import NodeResult, judge
from patchbay_loadtests.nodes.room import requested
from patchbay_loadtests.nodes.timeline import PhaseName
from patchbay_loadtests.nodes.worker import worker_spec
from patchbay_loadtests.proof import environment, sync_period
from patchbay_loadtests.proof.deployed import DEFAULT_MAX_PODS
from patchbay_loadtests.proof.periods import read_periods
from patchbay_loadtests.proof.promise import MAX_PODS
from patchbay_loadtests.proof.run import USERS
from patchbay_loadtests.proof.sampler import Sampler, external_metric
from patchbay_loadtests.proof.steering import Steering

# Few enough that the shapes before the steered one keep one pod each: more would take the room that is measured.
ORDERS_PER_SECOND = 5


class NodeOptions(Target):
    """How one node proof is run."""

    reports: Path
    idle_shape: str = "filter"
    threshold: int = 8
    max_pods: int = Field(default=MAX_PODS, ge=2)
    phases: tuple[PhaseName, ...] = ("warm", "within-headroom", "beyond-headroom")
    node_start_seconds: float = 120
    limits: Limits = Field(default_factory=Limits)
    hpa_sync_seconds: float = 15
    orders_per_second: float = ORDERS_PER_SECOND
    steady_seconds: float = STEADY_SECONDS
    sink_python: str = "python3"


async def prove_nodes(options: NodeOptions, console: Console) -> tuple[NodeResult, Path]:
    """Run the node proof; returns its result and the report's directory."""
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(Cluster(options.kubeconfig, options.context))
        gateway = await stack.enter_async_context(Gateway(options.host, options.tenant, options.access))
        await environment.undo_killed(cluster, console, options.namespace, headroom.NAMESPACE)
        times = await read_times(cluster)
        steered = await environment.find_shape(cluster, options.namespace, flows.STEERED_SHAPE)
        idle = await environment.find_shape(cluster, options.namespace, options.idle_shape)
        worker = await worker_spec(cluster, options.namespace, flows.STEERED_SHAPE)
        deployed_max = steered.scaled_object["spec"].get("maxReplicaCount", DEFAULT_MAX_PODS)
        if deployed_max != options.max_pods:
            raise UnusableEnvironmentError(
                f"deployed maxReplicaCount of {steered.watched.deployment} is {deployed_max}, promised "
                f"{options.max_pods} (--max-pods): a burst of that size does not come"
            )
        versions = await environment.versions(cluster, options)
        sink = await set_up(
            options, console, cluster, gateway, stack, flow=flows.order_flow, sink_python=options.sink_python
        )
        found = await headroom.read(cluster)
        periods = await read_periods(
            cluster,
            metrics_namespace=options.metrics_namespace,
            scaled_object=steered.scaled_object,
            autoscaler=steered.autoscaler,
            hpa_sync=options.hpa_sync_seconds,
        )
        need = requested(worker)
        plan = NodePlan(
            periods=periods,
            times=times,
            threshold=options.threshold,
            max_pods=options.max_pods,
            placeholders=found.pods,
            slots=found.slots(need),
            free_slots=sum(left.holds(need) for left in (await free_room(cluster, worker)).values()),
            node_start_seconds=options.node_start_seconds,
        )
        bursts = plan.bursts(frozenset(options.phases))
        left_out = plan.left_out(frozenset(options.phases))
        for name, reason in left_out.items():
            tell(console, f"phase {name} is left out:", reason, colour="yellow")
        console.print(
            f"phases {', '.join(f'{name} ({pods} pods)' for name, pods in bursts.items())}; "
            f"each takes at most {(plan.node_start_seconds + plan.back_seconds) / 60:.0f} minutes",
            highlight=False,
        )
        await environment.until_at_rest(cluster, gateway, [steered.watched, idle.watched], plan.back_seconds)
        directory = new_directory(options.reports)
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
        recorder = await stack.enter_async_context(
            NodeRecorder(cluster, namespace=options.namespace, worker=worker, now=sampler.now)
        )
        await _until_settled(recorder, found.pods, plan)
        settings = TrafficSettings(
            host=options.host,
            tenant=options.tenant,
            flow=flows.ORDER_FLOW,
            users=USERS,
            orders_per_second=options.orders_per_second,
        )
        book = flows.OrderBook(f"order-{uuid.uuid4().hex[:8]}")
        async with LocustProcess(settings, directory / "locust.log", gateway.sender(flows.ORDER_FLOW)) as traffic:
            async with Steering(sink, traffic, sampler, book) as steering:
                drive = Drive(
                    plan,
                    shape=flows.STEERED_SHAPE,
                    steering=steering,
                    sampler=sampler,
                    recorder=recorder,
                    ballast=Ballast(
                        cluster,
                        namespace=options.sink_namespace,
                        worker=worker,
                        image=await environment.runtime_image(cluster, options.namespace),
                        python=options.sink_python,
                    ),
                    hold=Hold(cluster, steered, kubeconfig=options.kubeconfig, context=options.context),
                    progress=NodeProgress(console),
                    steady_seconds=options.steady_seconds,
                )
                ended_by = await _drive(
                    drive,
                    bursts,
                    found=found,
                    recorder=recorder,
                    plan=plan,
                    options=options,
                    cluster=cluster,
                    console=console,
                )
            await environment.ensure_not_rolled_out(cluster, [steered, idle])
            console.print(f"following {len(traffic.runs)} runs to their end", highlight=False)
            runs = await settle(gateway, sink, steering.orders, traffic.runs)
        hpa_sync_seconds = await sync_period.measure(
            cluster, options.metrics_namespace, seconds=sampler.now(), own=sampler.metric_queries
        )
        timeline = drive.timeline()
        result = judge(
            timeline,
            runs,
            autoscaler=times,
            limits=options.limits,
            versions=versions,
            ended_by=ended_by,
            config={
                "host": options.host,
                "bursts": bursts,
                "left_out": left_out,
                "placeholders": found.pods,
                "slots": plan.slots,
                "hpa_sync_seconds": options.hpa_sync_seconds,
                "measured_hpa_sync_seconds": sync_period.told(hpa_sync_seconds),
            },
        )
        result = _held_further(result, sync_period.differences(options.hpa_sync_seconds, hpa_sync_seconds))
        await asyncio.to_thread(write_node_proof, directory, result, timeline)
        point_latest_to(directory)
        return result, directory


async def _drive(
    drive: Drive,
    bursts: Mapping[PhaseName, int],
    *,
    found: headroom.Headroom,
    recorder: NodeRecorder,
    plan: NodePlan,
    options: NodeOptions,
    cluster: Cluster,
    console: Console,
) -> str | None:
    """Drive the phases; what the product did that ended them early, if it did."""
    try:
        for name, pods in bursts.items():
            if name == "without-headroom" and found.pods:
                async with Restoring(options.kubeconfig, options.context, headroom.given_back(found)):
                    console.print("taking the headroom away for a while")
                    await headroom.remove(cluster)
                    await _until_settled(recorder, 0, plan)
                    await drive.run(name, pods, placeholders=0)
                await drive.until_placeholders_run(found.pods)
            else:
                await drive.run(name, pods, placeholders=found.pods)
    except ProductFailureError as error:
        tell(console, "the load cannot go on:", str(error))
        return str(error)
    return None


def _held_further(result: NodeResult, reasons: Sequence[str]) -> NodeResult:
    """The same, held to something further."""
    passed = result.passed and not reasons
    return result.model_copy(update={"passed": passed, "reasons": (*result.reasons, *reasons)})


async def _until_settled(recorder: NodeRecorder, placeholders: int, plan: NodePlan) -> None:
    """Wait until every pod has its place, the headroom stands, and no node is about to go."""
    clock = asyncio.get_running_loop()
    give_up = clock.time() + plan.back_seconds
    while not (recorder.settled_for(plan.idle_seconds) and recorder.looks[-1].placeholders == placeholders):
        if clock.time() > give_up:
            look = recorder.looks[-1]
            raise UnusableEnvironmentError(
                f"not at rest after {plan.back_seconds:.0f} s: {look.pending} pods wait for a node, "
                f"{look.ready} of {look.nodes} nodes are Ready, {look.placeholders} of {placeholders} placeholders run"
            )
        await recorder.next_look()
