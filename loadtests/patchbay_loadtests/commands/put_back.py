"""`put-back`: after a load test that was killed."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from patchbay_loadtests.commands.options import Context, run
from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.faults.machine import place
from patchbay_loadtests.faults.machine.leftovers import undo_leftovers
from patchbay_loadtests.faults.machine.lock import alone
from patchbay_loadtests.nodes import headroom
from patchbay_loadtests.proof import environment

NAMESPACES: Final = ("patchbay-runtime", headroom.NAMESPACE)
OF_FAULTS: Final = ("patchbay-data", "patchbay-gateway", "patchbay-metrics", "keda")


def put_back_command(
    *,
    kubeconfig: Annotated[
        Path | None,
        typer.Option(
            help="The kubeconfig of the environment's cluster.", show_default="with --faults, this machine's cluster"
        ),
    ] = None,
    context: Context = None,
    namespace: Annotated[
        list[str] | None,
        typer.Option(
            help="Where something may have been changed; may be given many times.",
            show_default=f"{', '.join(NAMESPACES)}, and with --faults {', '.join(OF_FAULTS)}",
        ),
    ] = None,
    faults: Annotated[
        bool,
        typer.Option(
            "--faults",
            help="Also what only faults change: nodes, pods, and this machine's stopped processes and full disks.",
        ),
    ] = False,
) -> None:
    """Put back what a load test that was killed had changed; without such a one nothing happens."""
    console = Console(soft_wrap=True)
    if kubeconfig is None and not faults:
        raise typer.BadParameter(
            "missing: only with --faults this machine's cluster is meant", param_hint="--kubeconfig"
        )

    async def work() -> None:
        async with AsyncExitStack() as stack:
            if faults:
                stack.enter_context(alone(place.STATE))
            cluster = await stack.enter_async_context(Cluster(kubeconfig or place.KUBECONFIG, context))
            if faults:
                await undo_leftovers(cluster, console, place.STATE)
            places = namespace or (*NAMESPACES, *(OF_FAULTS if faults else ()))
            await environment.undo_killed(cluster, console, *places, faults=faults)

    run(work(), console)
