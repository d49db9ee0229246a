"""`faults`: what is promised while things go wrong on purpose, on this machine's environment."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from patchbay_loadtests.commands.options import Slo, reading, run, validated
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.messages import tell
from patchbay_loadtests.core.objectives import SLO, read_objectives
from patchbay_loadtests.faults.catalogue.fault import Fault
from patchbay_loadtests.faults.catalogue.faults import FAULTS, SHORT, named
from patchbay_loadtests.faults.judging.result import Result
from patchbay_loadtests.faults.options import Options
from patchbay_loadtests.faults.pace import Pace
from patchbay_loadtests.faults.resumption import Earlier
from patchbay_loadtests.faults.run import run_faults

app = typer.Typer(no_args_is_help=True, help="Faults on purpose, under load, on this machine's environment.")
PACE: Final = Pace()
# Enough of each to see; the whole set is for the whole number.
SHORT_RUNS = 5_000


@app.command("list")
def list_command() -> None:
    """Show every fault, its question and the alert that must fire."""
    console = Console(soft_wrap=True)
    for fault in FAULTS:
        mark = "*" if fault in SHORT else " "
        console.print(f"{mark} {fault.name:<22} {fault.question} [{fault.alert}]", markup=False, highlight=False)
    console.print("* also with --short", highlight=False)


@app.command("run")
def run_command(
    *,
    only: Annotated[list[str] | None, typer.Option(help="Faults' names, by commas; may be given many times.")] = None,
    skip: Annotated[list[str] | None, typer.Option(help="Those that are left out, in the same way.")] = None,
    short: Annotated[bool, typer.Option("--short", help="Only the quickest five.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the latest report; with --only, run these of it again.")
    ] = False,
    runs: Annotated[int | None, typer.Option(min=1, help="Runs in all, at least.")] = None,
    rate: Annotated[
        float | None, typer.Option(min=1, max=500, help="Orders per second; without it, half of what is too much.")
    ] = None,
    calm_after: Annotated[
        float, typer.Option(min=PACE.window, help="Seconds of good service after each fault, to see a relapse.")
    ] = PACE.calm_after,
    slo: Slo = SLO,
    report: Annotated[Path | None, typer.Option(help="Where reports are kept.")] = None,
) -> None:
    """Let things go wrong under steady load, and judge that nothing is lost."""
    console = Console(soft_wrap=True)
    values = {"runs": runs or (SHORT_RUNS if short else None), "orders_per_second": rate, "reports": report}
    with reading(console):
        objectives = read_objectives(slo)
    options = validated(
        Options,
        console,
        objectives=objectives,
        pace=replace(PACE, calm_after=calm_after),
        **{name: value for name, value in values.items() if value is not None},
    )
    try:
        earlier = Earlier.latest(options.reports) if resume else None
        if only and not _names(only):
            raise ValueError("--only names no fault")
        faults = chosen(_names(only), _names(skip), short=short, earlier=earlier)
    except (ValueError, UnusableEnvironmentError) as error:
        tell(console, "faults:", str(error))
        raise typer.Exit(2) from error
    if earlier and not faults:
        console.print("nothing is left to be run; the report says:")
        result, directory = earlier.result, earlier.directory
    else:
        result, directory = run(run_faults(options, faults, console, earlier), console)
    _conclude(console, result, directory)


def _conclude(console: Console, result: Result, directory: Path) -> None:
    """Tell the verdict; ends the program with 1 where it is not passed."""
    runs_of_all = result.runs
    console.print(
        f"{'passed' if result.passed else 'FAILED'}: {len(result.faults)} faults, {runs_of_all.accepted} accepted, "
        f"{runs_of_all.completed} completed once, {runs_of_all.duplicated} duplicated, {runs_of_all.lost} lost, "
        f"{runs_of_all.dead_lettered} dead-lettered",
        highlight=False,
    )
    for reason in result.reasons:
        tell(console, "x", reason)
    console.print(f"report: {directory / 'report.html'}", highlight=False)
    if not result.passed:
        raise typer.Exit(1)


def chosen(
    only: Sequence[str], skip: Sequence[str], *, short: bool = False, earlier: Earlier | None = None
) -> Sequence[type[Fault]]:
    """The faults to run; none only where the earlier run has nothing left.

    ValueError for a name that no fault has or that the earlier run did not have, and where the names leave nothing.
    """
    if only:
        faults = named(only)
    elif earlier:
        faults = named(earlier.left)
    else:
        faults = SHORT if short else FAULTS
    if earlier and (others := [fault.name for fault in faults if fault.name not in earlier.planned]):
        raise ValueError(f"{', '.join(others)}: not of the set that is gone on with; run without --resume")
    left_out = named(skip)
    left = [fault for fault in faults if fault not in left_out]
    if not left and (only or not earlier):
        given = [option for option, is_given in (("--only", only), ("--short", short), ("--skip", skip)) if is_given]
        raise ValueError(f"{' and '.join(given)} leave no fault to be run")
    return left


def _names(given: Sequence[str] | None) -> list[str]:
    return [name.strip() for names in given or () for name in names.split(",") if name.strip()]
