"""`bench`: throughput and latency."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from patchbay_loadtests.bench.run import BenchOptions, bench, print_bench
from patchbay_loadtests.commands.options import (
    Context,
    Host,
    Kubeconfig,
    Namespace,
    Remote,
    SinkPython,
    Tenant,
    run,
    validated,
)


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
    options = validated(
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
    result, directory = run(bench(options, console), console)
    print_bench(console, result)
    console.print(f"report: {directory / 'result.json'}", highlight=False)
    if result.reasons:
        raise typer.Exit(1)
