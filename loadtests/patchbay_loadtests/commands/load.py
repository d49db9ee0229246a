"""`load`: a day's load in short."""

from enum import Enum
from pathlib import Path
from typing import Annotated, Any

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
from patchbay_loadtests.core.messages import tell
from patchbay_loadtests.core.objectives import SLO, read_objectives
from patchbay_loadtests.profiles.run import LoadOptions, load
from patchbay_loadtests.proof.promise import MAX_PODS


class ProfileName(Enum):
    """The profiles by name."""

    BLACK_FRIDAY = "black-friday"
    SOAK = "soak"
    STEADY = "steady"


def load_command(
    host: Host,
    kubeconfig: Kubeconfig,
    *,
    profile: Annotated[ProfileName, typer.Option(help="How the orders come.")] = ProfileName.BLACK_FRIDAY,
    rate: Annotated[
        float | None, typer.Option(help="Orders a second: the mean, or the quiet rate of black-friday.")
    ] = None,
    factor: Annotated[
        float | None, typer.Option(help="black-friday: how many times the quiet rate the peak is.")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            help="How long orders come: every part of black-friday is as much longer or shorter as the whole; what is "
            "less than the profile's own is in the report."
        ),
    ] = None,
    hold_seconds: Annotated[float, typer.Option(help="How long each connector call takes at the sink.")] = 4,
    seed: Annotated[int, typer.Option(help="The same seed brings the same orders at the same times.")] = 1,
    settle_seconds: Annotated[
        float, typer.Option(min=10, help="How long pods and nodes may take to be given back after the last order.")
    ] = 300,
    max_pods: Annotated[int, typer.Option(min=1, help="The promise: the steered shape's most pods.")] = MAX_PODS,
    hpa_sync_seconds: HpaSync = 15,
    scale_down_seconds: Annotated[
        float, typer.Option(min=0, help="The promise: from too many pods until they are told to go.")
    ] = 16,
    context: Context = None,
    namespace: Namespace = "patchbay-runtime",
    tenant: Tenant = "loadtest",
    report: Annotated[Path, typer.Option(help="Where reports are kept.")] = Path("reports/load"),
    sink_python: SinkPython = "python3",
    slo: Slo = SLO,
    allow_remote_host: Remote = False,
) -> None:
    """Send orders as they come on a day, whether the environment keeps up or not, and follow every one to its end."""
    console = Console(soft_wrap=True)
    with reading(console):
        objectives = read_objectives(slo)
        objectives.of_profile(profile.value)
    given: dict[str, Any] = {"rate": rate, "factor": factor}
    options = validated(
        LoadOptions,
        console,
        host=host,
        kubeconfig=kubeconfig,
        context=context,
        namespace=namespace,
        tenant=tenant,
        reports=report,
        profile={"name": profile.value, **{key: value for key, value in given.items() if value is not None}},
        hold_seconds=hold_seconds,
        minutes=minutes,
        seed=seed,
        settle_seconds=settle_seconds,
        max_pods=max_pods,
        periods={"hpa_sync": hpa_sync_seconds, "scale_down": scale_down_seconds},
        sink_python=sink_python,
        objectives=objectives,
        allow_remote_host=allow_remote_host,
    )
    result, directory = run(load(options, console), console)
    waits = result.waits
    if waits is not None:
        console.print(
            f"{result.orders} orders, at most {result.peak_orders_per_second} sent in a second, "
            f"{result.refused} refused; until the connector called: p50 {waits.p50:.1f} s, p95 {waits.p95:.1f} s, "
            f"longest {waits.longest:.1f} s (n = {waits.n})",
            highlight=False,
        )
    runs = result.runs
    console.print(
        f"runs: {runs.accepted} accepted, {runs.completed} completed exactly once, "
        f"{runs.lost} lost, {runs.duplicated} duplicated",
        highlight=False,
    )
    for line in result.shortened:
        console.print(f"shortened: {line}", highlight=False)
    for reason in result.reasons:
        tell(console, "x", reason)
    console.print(f"report: {directory / 'report.html'}", highlight=False)
    if not result.passed:
        raise typer.Exit(1)
