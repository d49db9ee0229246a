"""`put-back`: after a load test that was killed."""

from typing import Annotated

import typer
from rich.console import Console

from patchbay_loadtests.commands.options import Context, Kubeconfig, run
from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.nodes import headroom
from patchbay_loadtests.proof import environment


def put_back_command(
    kubeconfig: Kubeconfig,
    *,
    context: Context = None,
    namespace: Annotated[
        list[str], typer.Option(help="Where something may have been changed; may be given many times.")
    ] = ["patchbay-runtime", headroom.NAMESPACE],  # noqa: B006 - read only
    faults: Annotated[bool, typer.Option("--faults", help="Also what only faults change: nodes, pods.")] = False,
) -> None:
    """Put back what a load test that was killed had changed; without such a one nothing happens."""
    console = Console(soft_wrap=True)

    async def work() -> None:
        async with Cluster(kubeconfig, context) as cluster:
            await environment.undo_killed(cluster, console, *namespace, faults=faults)

    run(work(), console)
