"""What every load test puts into an environment, and takes away again."""

import uuid
from collections.abc import Callable
from contextlib import AsyncExitStack

from rich.console import Console

from patchbay_loadtests.core import flows
from patchbay_loadtests.core.cluster import Cluster, Document
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.core.messages import tell
from patchbay_loadtests.core.sink import deployment as sink_deployment
from patchbay_loadtests.core.sink.client import SinkClient
from patchbay_loadtests.core.sink.opening import Opening
from patchbay_loadtests.core.sink.reach import Reach
from patchbay_loadtests.core.target import Target
from patchbay_loadtests.proof import environment


async def set_up(
    target: Target,
    console: Console,
    cluster: Cluster,
    gateway: Gateway,
    stack: AsyncExitStack,
    *,
    flow: Callable[[str], Document],
    sink_python: str,
    shape: str = flows.STEERED_SHAPE,
    keep: bool = False,
) -> SinkClient:
    """Run a sink with an empty ledger, which the shape's pods reach, and register the flow made of its URL.

    Leaving `stack` removes the sink, unless it is to be kept; nothing reaches it then.
    """
    if await environment.clear_leftovers(cluster, target):
        console.print("an earlier load test left its sink; it is replaced")
    if not keep:
        stack.push_async_callback(_tear_down, target, console, cluster)
    console.print(f"setting up the sink in namespace {target.sink_namespace}", highlight=False)
    image = await environment.runtime_image(cluster, target.namespace)
    await sink_deployment.deploy(
        cluster,
        namespace=target.sink_namespace,
        run=uuid.uuid4().hex,
        image=image,
        python=sink_python,
        priority_class=await environment.platform_priority(cluster, target.namespace),
    )
    await stack.enter_async_context(
        Reach(
            cluster,
            namespace=target.namespace,
            sink_namespace=target.sink_namespace,
            shape=shape,
            image=image,
        )
    )
    address = await sink_deployment.address(cluster, target.sink_namespace)
    await stack.enter_async_context(Opening(gateway, address=address, port=sink_deployment.PORT))
    document = flow(sink_deployment.url(target.sink_namespace))
    version = await gateway.register(document)
    console.print(f"registered flow {document['name']} version {version} for tenant {target.tenant}", highlight=False)
    return SinkClient(cluster, target.sink_namespace)


async def _tear_down(target: Target, console: Console, cluster: Cluster) -> None:
    """Remove the sink; a failure to do so must not hide why the load test ended."""
    try:
        await sink_deployment.remove(cluster, target.sink_namespace)
    except UnusableEnvironmentError as error:
        tell(console, "the sink was not removed, the next load test will do it:", str(error), colour="yellow")
