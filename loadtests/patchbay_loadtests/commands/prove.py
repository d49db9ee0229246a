"""`prove`: pods follow processes."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from patchbay_loadtests.commands.options import (
    ApiKeyFile,
    Ca,
    Context,
    Host,
    HpaSync,
    Kubeconfig,
    Namespace,
    Remote,
    SinkPython,
    Slo,
    Tenant,
    TokenFile,
    reading,
    run,
    validated,
)
from patchbay_loadtests.core import flows
from patchbay_loadtests.core.access import Access
from patchbay_loadtests.core.console import print_verdict
from patchbay_loadtests.core.objectives import SLO, read_objectives
from patchbay_loadtests.proof.baseline import read_baseline
from patchbay_loadtests.proof.flow_file import read_flow
from patchbay_loadtests.proof.plan import EDGES, LARGE_EDGES, SHORT_EDGES, parse_steps
from patchbay_loadtests.proof.promise import MAX_PODS, THRESHOLD, Promise
from patchbay_loadtests.proof.run import Options, prove

NO_SHAPE = "none"


def prove_command(
    host: Host,
    kubeconfig: Kubeconfig,
    *,
    context: Context = None,
    namespace: Namespace = "patchbay-runtime",
    tenant: Tenant = "loadtest",
    report: Annotated[Path, typer.Option(help="Where reports are kept.")] = Path("reports/scaling"),
    shape: Annotated[str, typer.Option(help="The shape that is held.")] = flows.STEERED_SHAPE,
    idle_shape: Annotated[str, typer.Option(help=f"A shape that must not move; {NO_SHAPE}: no such one.")] = "filter",
    flow: Annotated[
        Path | None, typer.Option(help="A flow's JSON file, whose step of the shape calls ${SINK_URL}.")
    ] = None,
    steps: Annotated[
        str | None,
        typer.Option(help="Numbers of processes, upwards or 0, 0 at the end.", show_default=",".join(map(str, EDGES))),
    ] = None,
    short: Annotated[bool, typer.Option("--short", help="Only 7, 8 and 0 processes.")] = False,
    large: Annotated[bool, typer.Option("--large", help="Up to 88 and 96 processes: 12 and 13 pods.")] = False,
    repeat: Annotated[int, typer.Option(min=0, max=100, help="Further scale-ups at the threshold.")] = 0,
    threshold: Annotated[int, typer.Option(min=1, help="The promise: processes per pod.")] = THRESHOLD,
    min_pods: Annotated[int, typer.Option(min=1, help="The promise: the shape's fewest pods.")] = 1,
    max_pods: Annotated[int, typer.Option(min=1, help="The promise: the shape's most pods.")] = MAX_PODS,
    scrape_seconds: Annotated[float, typer.Option(min=0.05, help="The promise: how often processes are counted.")] = 2,
    evaluation_seconds: Annotated[float, typer.Option(min=0, help="The promise: how often pods are computed.")] = 2,
    polling_seconds: Annotated[float, typer.Option(min=0, help="The promise: KEDA's polling, if waited for.")] = 0,
    hpa_sync_seconds: HpaSync = 15,
    scale_down_seconds: Annotated[
        float, typer.Option(min=0, help="The promise: from too many pods until they are told to go.")
    ] = 16,
    pod_start_seconds: Annotated[
        float, typer.Option(min=1, help="The promise: a pod's start, and a new node for it.")
    ] = 60,
    slo: Slo = SLO,
    baseline: Annotated[Path | None, typer.Option(help="An earlier proof's result.json, not to be slower.")] = None,
    baseline_margin: Annotated[float, typer.Option(min=0, help="How much slower is allowed; 0.25: a quarter.")] = 0.25,
    junit: Annotated[Path | None, typer.Option(help="Where the verdict is written as JUnit XML besides.")] = None,
    token_file: TokenFile = None,
    key_from_cluster: Annotated[
        bool,
        typer.Option("--key-from-cluster", help="The key that the cluster made first, by the kubeconfig's rights."),
    ] = False,
    api_key_file: ApiKeyFile = None,
    ca: Ca = None,
    sink_python: SinkPython = "python3",
    keep: Annotated[bool, typer.Option("--keep", help="Leave the sink in the cluster.")] = False,
    allow_remote_host: Remote = False,
) -> None:
    """Prove that pods follow processes: 7 scale nothing, 8 do."""
    console = Console(soft_wrap=True)
    with reading(console):
        if token_file and key_from_cluster:
            raise ValueError("--token-file and --key-from-cluster each say which key is used: give one of them")
        access = Access.from_environment(token_file=token_file, api_key_file=api_key_file, ca=ca)
        driven = read_flow(flow, shape) if flow else flows.order_flow
        objectives = read_objectives(slo).scaling
        earlier = read_baseline(baseline, baseline_margin, shape=shape, threshold=threshold) if baseline else None
        loads = _loads(steps, short=short, large=large)
    promise = validated(
        Promise,
        console,
        threshold=threshold,
        min_pods=min_pods,
        max_pods=max_pods,
        periods={
            "scrape": scrape_seconds,
            "evaluation": evaluation_seconds,
            "polling": polling_seconds,
            "hpa_sync": hpa_sync_seconds,
            "scale_down": scale_down_seconds,
        },
        pod_start_seconds=pod_start_seconds,
    )
    options = validated(
        Options,
        console,
        host=host,
        kubeconfig=kubeconfig,
        context=context,
        namespace=namespace,
        tenant=tenant,
        access=access,
        key_from_cluster=key_from_cluster,
        reports=report,
        promise=promise,
        shape=shape,
        idle_shape=None if idle_shape == NO_SHAPE else idle_shape,
        flow=driven,
        steps=loads,
        repeat=repeat,
        objectives=objectives,
        baseline=earlier,
        junit=junit,
        sink_python=sink_python,
        keep=keep,
        allow_remote_host=allow_remote_host,
    )
    result, directory = run(prove(options, console), console)
    print_verdict(console, result)
    console.print(f"report: {directory / 'report.html'}", highlight=False)
    if not result.passed:
        raise typer.Exit(1)


def _loads(steps: str | None, *, short: bool, large: bool) -> tuple[int, ...]:
    """What is driven. ValueError where more than one option says it."""
    given = {"--steps": steps is not None, "--short": short, "--large": large}
    named = [option for option, is_given in given.items() if is_given]
    if len(named) > 1:
        raise ValueError(f"{' and '.join(named)} each say what is driven: give one of them")
    if steps is not None:
        return parse_steps(steps)
    return SHORT_EDGES if short else LARGE_EDGES if large else EDGES
