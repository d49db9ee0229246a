"""The command line: 0 nothing was lost, 1 something was, 2 the environment could not be tested, 130 interrupted."""

import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.messages import tell
from patchbay_loadtests.faults.faults.catalogue import FAULTS, SHORT, named
from patchbay_loadtests.faults.faults.fault import Fault
from patchbay_loadtests.faults.judging.result import Result
from patchbay_loadtests.faults.options import Options
from patchbay_loadtests.faults.resumption import Earlier
from patchbay_loadtests.faults.run import run

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Faults on purpose, under load, on this machine's environment.",
)
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
    report: Annotated[Path | None, typer.Option(help="Where reports are kept.")] = None,
) -> None:
    """Let things go wrong under steady load, and judge that nothing is lost."""
    console = Console(soft_wrap=True)
    try:
        values = {"runs": runs or (SHORT_RUNS if short else None), "orders_per_second": rate, "reports": report}
        options = Options.model_validate({name: value for name, value in values.items() if value is not None})
        earlier = Earlier.latest(options.reports) if resume else None
        faults = chosen(_names(only), _names(skip), short=short, earlier=earlier)
    except ValidationError as error:
        for problem in error.errors():
            field = ".".join(str(part) for part in problem["loc"])
            tell(console, f"{field or 'options'}:", problem["msg"].removeprefix("Value error, "))
        raise typer.Exit(2) from error
    except (ValueError, UnusableEnvironmentError) as error:
        console.print(f"[red]{escape(str(error))}[/]", highlight=False)
        raise typer.Exit(2) from error
    if not faults:
        console.print("nothing is left to be run")
        return
    result, directory = _run(options, faults, console, earlier)
    runs_of_all = result.runs
    console.print(
        f"{'passed' if result.passed else 'FAILED'}: {len(result.faults)} faults, {runs_of_all.accepted} accepted, "
        f"{runs_of_all.completed} completed once, {runs_of_all.duplicated} duplicated, {runs_of_all.lost} lost, "
        f"{runs_of_all.dead_lettered} dead-lettered",
        highlight=False,
    )
    for reason in result.reasons:
        console.print(f"x {reason}", highlight=False, markup=False)
    console.print(f"report: {directory / 'report.html'}", highlight=False)
    if not result.passed:
        raise typer.Exit(1)


def chosen(
    only: Sequence[str], skip: Sequence[str], *, short: bool = False, earlier: Earlier | None = None
) -> Sequence[type[Fault]]:
    """The faults to run. ValueError for a name that no fault has, or that the earlier run did not have."""
    if only:
        faults = named(only)
    elif earlier:
        faults = named(earlier.left)
    else:
        faults = SHORT if short else FAULTS
    if earlier and (others := [fault.name for fault in faults if fault.name not in earlier.planned]):
        raise ValueError(f"{', '.join(others)}: not of the set that is gone on with; run without --resume")
    left_out = named(skip)
    return [fault for fault in faults if fault not in left_out]


def _names(given: Sequence[str] | None) -> list[str]:
    return [name.strip() for names in given or () for name in names.split(",") if name.strip()]


def _run(
    options: Options, faults: Sequence[type[Fault]], console: Console, earlier: Earlier | None
) -> tuple[Result, Path]:
    async def until_told_to_stop() -> tuple[Result, Path]:
        task = asyncio.current_task()
        if task is not None:
            for number in (signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await run(options, faults, console, earlier)

    try:
        return asyncio.run(until_told_to_stop())
    except UnusableEnvironmentError as error:
        tell(console, "the environment cannot be tested:", str(error))
        raise typer.Exit(2) from error
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("interrupted; what had gone wrong is put back")
        raise typer.Exit(130) from None
