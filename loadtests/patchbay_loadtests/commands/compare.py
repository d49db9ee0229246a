"""`compare`: this platform's scaling beside the tools' defaults."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

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
from patchbay_loadtests.comparison.result import FEWEST_PAIRS, Comparison, told
from patchbay_loadtests.comparison.run import USUAL_MINUTES, ComparisonOptions, make_comparison
from patchbay_loadtests.core.messages import tell


def compare_command(
    host: Host,
    kubeconfig: Kubeconfig,
    *,
    pairs: Annotated[int, typer.Option(min=FEWEST_PAIRS, help="How many times each; who is first alternates.")] = 3,
    rate: Annotated[float, typer.Option(help="Orders a second.")] = 4,
    minutes: Annotated[
        float, typer.Option(help="How long orders come, each time; what is less than usual is in the report.")
    ] = USUAL_MINUTES,
    hold_seconds: Annotated[float, typer.Option(help="How long a connector call takes at the sink.")] = 8,
    long_every: Annotated[int, typer.Option(help="Each call of this number takes longer.")] = 20,
    long_seconds: Annotated[float, typer.Option(help="How long that one takes.")] = 45,
    seed: Annotated[int, typer.Option(help="The same seed brings the same orders at the same times.")] = 1,
    settle_seconds: Annotated[
        float, typer.Option(min=10, help="How long pods and nodes may take to be given back after the last order.")
    ] = 300,
    hpa_sync_seconds: HpaSync = 15,
    context: Context = None,
    namespace: Namespace = "patchbay-runtime",
    tenant: Tenant = "loadtest",
    report: Annotated[Path, typer.Option(help="Where reports are kept.")] = Path("reports/comparison"),
    sink_python: SinkPython = "python3",
    allow_remote_host: Remote = False,
) -> None:
    """Send the same load in pairs: as the platform scales, and with the tools' defaults; the shape is put back."""
    console = Console(soft_wrap=True)
    options = validated(
        ComparisonOptions,
        console,
        host=host,
        kubeconfig=kubeconfig,
        context=context,
        namespace=namespace,
        tenant=tenant,
        reports=report,
        pairs=pairs,
        rate=rate,
        minutes=minutes,
        hold_seconds=hold_seconds,
        long_every=long_every,
        long_seconds=long_seconds,
        seed=seed,
        settle_seconds=settle_seconds,
        hpa_sync_seconds=hpa_sync_seconds,
        sink_python=sink_python,
        allow_remote_host=allow_remote_host,
    )
    result, directory = run(make_comparison(options, console), console)
    _print(console, result)
    console.print(f"report: {directory / 'report.html'}", highlight=False)
    if result.verdict != "passed":
        raise typer.Exit(1 if result.verdict == "failed" else 2)


def _print(console: Console, result: Comparison) -> None:
    table = Table(title=f"A load that keeps {result.needed_processes:g} processes running")
    table.add_column("median (least to most)")
    for side in result.summaries:
        table.add_column(side.name, justify="right")
    rows = {
        "until the workers could run all of it": [told(side.time_to_capacity) for side in result.summaries],
        "short of that, in all": [told(side.short_of_capacity) for side in result.summaries],
        "order until its connector called, p95": [told(side.waits_p95) for side in result.summaries],
        "pods taken away under load": [str(side.pods_taken) for side in result.summaries],
        "processes killed": [str(side.work_killed) for side in result.summaries],
        "lines sent more than once": [str(side.redelivered) for side in result.summaries],
        "runs lost": [str(side.lost) for side in result.summaries],
    }
    for label, cells in rows.items():
        table.add_row(label, *cells)
    console.print(table)
    for line in result.shortened:
        console.print(f"shortened: {line}", highlight=False)
    for reason in result.reasons:
        tell(console, "x", reason)
