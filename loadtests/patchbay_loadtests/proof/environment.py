"""Finds the parts of an environment that a load test needs, and brings it to rest."""

import asyncio
from dataclasses import dataclass
from importlib.metadata import version

from rich.console import Console

from patchbay_loadtests.core import prometheus
from patchbay_loadtests.core.cluster import Cluster, Document
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.core.restoration import put_leftovers_back
from patchbay_loadtests.core.sink import deployment as sink_deployment
from patchbay_loadtests.core.sink.client import LEASE_SECONDS, SinkClient
from patchbay_loadtests.core.target import Target
from patchbay_loadtests.proof.sampler import WatchedShape

POLL_SECONDS = 1.0


@dataclass(frozen=True)
class ScaledShape:
    """A shape with what scales it; `revision` is its Deployment's, which a rollout changes and scaling does not."""

    watched: WatchedShape
    revision: str
    scaled_object: Document
    autoscaler: Document


async def find_shape(cluster: Cluster, namespace: str, name: str) -> ScaledShape:
    """The shape's ScaledObject and the HPA that KEDA made of it."""
    scaled_object = await cluster.scaled_object(namespace, f"shape-{name}")
    autoscaler_name = scaled_object.get("status", {}).get("hpaName")
    if not autoscaler_name:
        raise UnusableEnvironmentError(f"ScaledObject shape-{name} has no HPA yet: is KEDA running?")
    watched = WatchedShape(name=name, namespace=namespace, autoscaler=autoscaler_name)
    return ScaledShape(
        watched=watched,
        revision=await _revision(cluster, watched),
        scaled_object=scaled_object,
        autoscaler=await cluster.autoscaler(namespace, autoscaler_name),
    )


async def ensure_not_rolled_out(cluster: Cluster, shapes: list[ScaledShape]) -> None:
    """UnusableEnvironmentError when a shape was deployed anew since it was found: its pods then prove nothing."""
    for shape in shapes:
        if await _revision(cluster, shape.watched) != shape.revision:
            raise UnusableEnvironmentError(f"{shape.watched.deployment} was deployed anew while it was watched")


async def _revision(cluster: Cluster, shape: WatchedShape) -> str:
    deployment = await cluster.deployment(shape.namespace, shape.deployment)
    return str(deployment["metadata"].get("annotations", {}).get("deployment.kubernetes.io/revision"))


async def runtime_image(cluster: Cluster, namespace: str) -> str:
    """The image that the API runs, which every node can pull."""
    api = await cluster.deployment(namespace, "api")
    return str(api["spec"]["template"]["spec"]["containers"][0]["image"])


async def platform_priority(cluster: Cluster, namespace: str) -> str:
    """The priority class of the API, which comes before the workers'; "" where it has none."""
    api = await cluster.deployment(namespace, "api")
    return str(api["spec"]["template"]["spec"].get("priorityClassName", ""))


async def clear_leftovers(cluster: Cluster, target: Target) -> bool:
    """Let go of what an interrupted load test left; True when there was something.

    A gate whose lease is renewed belongs to a load test that is running: UnusableEnvironmentError.
    """
    if not await sink_deployment.exists(cluster, target.sink_namespace):
        return False
    sink = SinkClient(cluster, target.sink_namespace)
    try:
        state = await sink.state()
    except UnusableEnvironmentError:
        # A sink that does not answer holds nothing either.
        return True
    clock = asyncio.get_running_loop()
    give_up = clock.time() + LEASE_SECONDS + 5
    while state.gate == "closed":
        if clock.time() > give_up:
            raise UnusableEnvironmentError("another load test is running against this environment")
        await asyncio.sleep(POLL_SECONDS)
        state = await sink.state()
    return True


async def undo_killed(cluster: Cluster, console: Console, *namespaces: str, faults: bool = False) -> None:
    """Put back what a killed load test had changed in these namespaces, before anything is read there."""
    for what in await put_leftovers_back(cluster, *namespaces, faults=faults):
        console.print(f"put back what a load test that was killed had changed: {what}", highlight=False)


async def until_at_rest(
    cluster: Cluster, gateway: Gateway, shapes: list[WatchedShape], seconds: float, *, pods: int = 1
) -> None:
    """Wait until the shapes have no process and so many ready pods each: the promise's fewest."""
    clock = asyncio.get_running_loop()
    give_up = clock.time() + seconds
    while busy := await _busy(cluster, gateway, shapes, pods):
        if clock.time() > give_up:
            raise UnusableEnvironmentError(
                f"not at rest after {seconds:.0f} s: {'; '.join(busy)}; take the load away, or watch another "
                "idle shape or none"
            )
        await asyncio.sleep(POLL_SECONDS)


async def _busy(cluster: Cluster, gateway: Gateway, shapes: list[WatchedShape], fewest: int) -> list[str]:
    workload = await gateway.workload()
    busy = []
    for shape in shapes:
        if shape.name not in workload:
            raise UnusableEnvironmentError(f"Horizon knows no shape {shape.name}")
        status = (await cluster.deployment(shape.namespace, shape.deployment)).get("status", {})
        pods, ready = status.get("replicas", 0), status.get("readyReplicas", 0)
        if workload[shape.name].total or (pods, ready) != (fewest, fewest):
            total = workload[shape.name].total
            busy.append(f"{shape.name} has {total} processes and {ready} of {pods} pods ready, not {fewest}")
    return busy


async def versions(cluster: Cluster, target: Target) -> dict[str, str]:
    """The versions of what was tested and of what tested it."""
    found: dict[str, str] = {
        "kubernetes": str((await cluster.get("/version"))["gitVersion"]),
        "runtime_image": await runtime_image(cluster, target.namespace),
        "patchbay": version("patchbay"),
        "locust": version("locust"),
    }
    found["keda"] = await _keda_version(cluster, target)
    build = await cluster.through_service(target.metrics_namespace, prometheus.SERVICE, "/api/v1/status/buildinfo")
    found["prometheus"] = str(build["data"]["version"])
    return found


async def _keda_version(cluster: Cluster, target: Target) -> str:
    found = await prometheus.query(cluster, target.metrics_namespace, "keda_build_info")
    return next((str(series["metric"].get("version")) for series in found), "unknown")
