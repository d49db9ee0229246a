"""`prove`: pods follow processes."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from patchbay_loadtests.commands.options import (
    Context,
    Host,
    HpaSync,
    Kubeconfig,
    Namespace,
    Remote,
    SinkPython,
    Tenant,
    run,
    validated,
)
from patchbay_loadtests.core.console import print_verdict
from patchbay_loadtests.proof.run import Options, prove


def prove_command(
    host: Host,
    kubeconfig: Kubeconfig,
    *,
    context: Context = None,
    namespace: Namespace = "patchbay-runtime",
    tenant: Tenant = "loadtest",
    report: Annotated[Path, typer.Option(help="Where reports are kept.")] = Path("reports/scaling"),
    idle_shape: Annotated[str, typer.Option(help="A shape that must not move.")] = "filter",
    short: Annotated[bool, typer.Option("--short", help="Only 7, 8 and 0 processes.")] = False,
    repeat: Annotated[int, typer.Option(min=0, max=100, help="Further scale-ups at 8, for the latency's p95.")] = 0,
    hpa_sync_seconds: HpaSync = 15,
    pod_start_seconds: Annotated[
        float, typer.Option(min=1, help="How long a pod may take to start, a new node for it included.")
    ] = 60,
    sink_python: SinkPython = "python3",
    keep: Annotated[bool, typer.Option("--keep", help="Leave the sink in the cluster.")] = False,
    allow_remote_host: Remote = False,
) -> None:
    """Prove that pods follow processes: 7 scale nothing, 8 do."""
    console = Console(soft_wrap=True)
    options = validated(
        Options,
        console,
        host=host,
        kubeconfig=kubeconfig,
        context=context,
        namespace=namespace,
        tenant=tenant,
        reports=report,
        idle_shape=idle_shape,
        short=short,
        repeat=repeat,
        hpa_sync_seconds=hpa_sync_seconds,
        pod_start_seconds=pod_start_seconds,
        sink_python=sink_python,
        keep=keep,
        allow_remote_host=allow_remote_host,
    )
    result, directory = run(prove(options, console), console)
    print_verdict(console, result)
    console.print(f"report: {directory / 'report.html'}", highlight=False)
    if not result.passed:
        raise typer.Exit(1)
