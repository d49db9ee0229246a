"""`prove-nodes`: nodes follow pods."""

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
    Slo,
    Tenant,
    reading,
    run,
    validated,
)
from patchbay_loadtests.core.objectives import SLO, read_objectives
from patchbay_loadtests.nodes.console import print_node_verdict
from patchbay_loadtests.nodes.judgement import Limits
from patchbay_loadtests.nodes.run import NodeOptions, prove_nodes
from patchbay_loadtests.nodes.timeline import PHASES
from patchbay_loadtests.proof.promise import MAX_PODS


def prove_nodes_command(
    host: Host,
    kubeconfig: Kubeconfig,
    *,
    context: Context = None,
    namespace: Namespace = "patchbay-runtime",
    tenant: Tenant = "loadtest",
    report: Annotated[Path, typer.Option(help="Where reports are kept.")] = Path("reports/nodes"),
    idle_shape: Annotated[str, typer.Option(help="A shape that must not move.")] = "filter",
    without_headroom: Annotated[
        bool, typer.Option("--without-headroom", help="A last burst without the headroom, which is then put back.")
    ] = False,
    phase: Annotated[
        list[str] | None, typer.Option(help=f"Only these, of {', '.join(PHASES)}; may be given many times.")
    ] = None,
    node_start_seconds: Annotated[
        float, typer.Option(min=5, help="How long a burst's pods and a node for them may take at the most.")
    ] = 120,
    node_start_limit: Annotated[
        float, typer.Option(min=1, help="The promise: from Pending to running on a new node.")
    ] = 15,
    headroom_limit: Annotated[
        float, typer.Option(min=0.5, help="The promise: how much slower than a warm pod one in the headroom is.")
    ] = 5,
    scale_in_limit: Annotated[
        float, typer.Option(min=1, help="The promise: from the end of a node's unneeded time until it is gone.")
    ] = 60,
    max_pods: Annotated[int, typer.Option(min=2, help="The promise: the shape's most pods.")] = MAX_PODS,
    hpa_sync_seconds: HpaSync = 15,
    slo: Slo = SLO,
    sink_python: SinkPython = "python3",
    allow_remote_host: Remote = False,
) -> None:
    """Prove that a pod that fits nowhere gets a node, that a burst in the headroom waits for none, and the way back."""
    console = Console(soft_wrap=True)
    with reading(console):
        objectives = read_objectives(slo).nodes
    limits = Limits(
        node_start=node_start_limit,
        headroom_extra=headroom_limit,
        scale_in=scale_in_limit,
        warm=objectives.warm_pod_ready_seconds,
        headroom=objectives.headroom_pod_ready_seconds,
    )
    options = validated(
        NodeOptions,
        console,
        host=host,
        kubeconfig=kubeconfig,
        context=context,
        namespace=namespace,
        tenant=tenant,
        reports=report,
        idle_shape=idle_shape,
        phases=tuple(phase or PHASES[:-1]) + (PHASES[-1:] if without_headroom else ()),
        node_start_seconds=node_start_seconds,
        limits=limits,
        max_pods=max_pods,
        hpa_sync_seconds=hpa_sync_seconds,
        sink_python=sink_python,
        allow_remote_host=allow_remote_host,
    )
    result, directory = run(prove_nodes(options, console), console)
    print_node_verdict(console, result)
    console.print(f"report: {directory / 'report.html'}", highlight=False)
    if not result.passed:
        raise typer.Exit(1)
