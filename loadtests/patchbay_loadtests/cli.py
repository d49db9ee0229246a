"""The command line: 0 the promise holds, 1 it does not, 2 the environment could not be tested, 130 interrupted."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console

from patchbay_loadtests.bench.run import BenchOptions, bench, print_bench
from patchbay_loadtests.console import print_verdict
from patchbay_loadtests.errors import UnusableEnvironmentError
from patchbay_loadtests.proof.run import Options, prove
from patchbay_loadtests.target import Target

Outcome = TypeVar("Outcome")
AnyOptions = TypeVar("AnyOptions", bound=Target)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Load tests of a Patchbay environment.",
)

Host = Annotated[str, typer.Option(help="The gateway's address, http://NAME[:PORT].")]
Kubeconfig = Annotated[Path, typer.Option(help="The kubeconfig of the environment's cluster.")]
Context = Annotated[str | None, typer.Option(help="The kubeconfig's context; its current one by default.")]
Namespace = Annotated[str, typer.Option(help="Where the API and the shapes' workers run.")]
Tenant = Annotated[str, typer.Option(help="The tenant that the load test's flows belong to.")]
SinkPython = Annotated[str, typer.Option(help="The Python in the API's image, which the sink runs with.")]
Remote = Annotated[bool, typer.Option("--allow-remote-host", help="Send load to a host that is not this machine.")]


@app.callback()
def main() -> None:
    """Load tests of a Patchbay environment."""


@app.command("prove")
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
    hpa_sync_seconds: Annotated[
        float, typer.Option(min=0.5, help="The controller manager's --horizontal-pod-autoscaler-sync-period.")
    ] = 15,
    pod_start_seconds: Annotated[
        float, typer.Option(min=1, help="How long a pod may take to start, a new node for it included.")
    ] = 60,
    sink_python: SinkPython = "python3",
    keep: Annotated[bool, typer.Option("--keep", help="Leave the sink in the cluster.")] = False,
    allow_remote_host: Remote = False,
) -> None:
    """Prove that pods follow processes: 7 scale nothing, 8 do."""
    console = Console(soft_wrap=True)
    options = _validated(
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
    result, directory = _run(prove(options, console), console)
    print_verdict(console, result)
    console.print(f"report: {directory / 'report.html'}", highlight=False)
    if not result.passed:
        raise typer.Exit(1)


@app.command("bench")
def bench_command(
    host: Host,
    kubeconfig: Kubeconfig,
    *,
    context: Context = None,
    namespace: Namespace = "patchbay-runtime",
    tenant: Tenant = "loadtest",
    report: Annotated[Path, typer.Option(help="Where reports are kept.")] = Path("reports/bench"),
    level: Annotated[list[int] | None, typer.Option(help="Concurrent clients; may be given many times.")] = None,
    seconds: Annotated[float, typer.Option(min=1, max=120, help="How long each level lasts.")] = 15,
    sink_python: SinkPython = "python3",
    allow_remote_host: Remote = False,
) -> None:
    """Measure processes per second and core, and the latency of a synchronous flow."""
    console = Console(soft_wrap=True)
    options = _validated(
        BenchOptions,
        console,
        host=host,
        kubeconfig=kubeconfig,
        context=context,
        namespace=namespace,
        tenant=tenant,
        reports=report,
        levels=tuple(level or (1, 4, 16)),
        seconds=seconds,
        sink_python=sink_python,
        allow_remote_host=allow_remote_host,
    )
    result, directory = _run(bench(options, console), console)
    print_bench(console, result)
    console.print(f"report: {directory / 'result.json'}", highlight=False)


def _run(work: Coroutine[Any, Any, Outcome], console: Console) -> Outcome:
    try:
        return asyncio.run(work)
    except UnusableEnvironmentError as error:
        console.print(f"[red]the environment cannot be tested:[/] {error}", highlight=False)
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        console.print("interrupted; what was set up is removed")
        raise typer.Exit(130) from None


def _validated(model: type[AnyOptions], console: Console, **values: Any) -> AnyOptions:
    try:
        return model(**values)
    except ValidationError as error:
        for problem in error.errors():
            field = ".".join(str(part) for part in problem["loc"])
            console.print(
                f"[red]{field or 'options'}:[/] {problem['msg'].removeprefix('Value error, ')}", highlight=False
            )
        raise typer.Exit(2) from error
