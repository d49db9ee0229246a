"""`put-back`: after a load test that was killed."""

from rich.console import Console

from patchbay_loadtests.commands.options import Context, Kubeconfig, Namespace, run
from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.nodes import headroom
from patchbay_loadtests.proof import environment


def put_back_command(
    kubeconfig: Kubeconfig, *, context: Context = None, namespace: Namespace = "patchbay-runtime"
) -> None:
    """Put back what a load test that was killed had changed; without such a one nothing happens."""
    console = Console(soft_wrap=True)

    async def work() -> None:
        async with Cluster(kubeconfig, context) as cluster:
            await environment.undo_killed(cluster, console, namespace, headroom.NAMESPACE)

    run(work(), console)
