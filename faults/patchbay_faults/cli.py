"""The command line: 0 nothing was lost, 1 something was, 2 the environment could not be tested, 130 interrupted."""

import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from patchbay_loadtests.errors import UnusableEnvironmentError
from pydantic import ValidationError
from rich.console import Console

from patchbay_faults.faults.catalogue import FAULTS, SHORT, named
from patchbay_faults.faults.fault import Fault
from patchbay_faults.judging.result import Result
from patchbay_faults.options import Options
from patchbay_faults.run import run

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
    only: Annotated[list[str] | None, typer.Option(help="A fault's name; may be given many times.")] = None,
    short: Annotated[bool, typer.Option("--short", help="Only the quickest five.")] = False,
    runs: Annotated[int | None, typer.Option(min=1, help="Runs in all, at least.")] = None,
    rate: Annotated[float, typer.Option(min=1, max=500, help="Orders per second.")] = 40,
    report: Annotated[Path | None, typer.Option(help="Where reports are kept.")] = None,
) -> None:
    """Let things go wrong under steady load, and judge that nothing is lost."""
    console = Console(soft_wrap=True)
    try:
        faults: Sequence[type[Fault]] = named(only) if only else SHORT if short else FAULTS
        values = {"runs": runs or (SHORT_RUNS if short else None), "orders_per_second": rate, "reports": report}
        options = Options.model_validate({name: value for name, value in values.items() if value is not None})
    except ValidationError as error:
        for problem in error.errors():
            field = ".".join(str(part) for part in problem["loc"])
            console.print(f"[red]{field or 'options'}:[/] {problem['msg'].removeprefix('Value error, ')}")
        raise typer.Exit(2) from error
    except ValueError as error:
        console.print(f"[red]{error}[/]", highlight=False)
        raise typer.Exit(2) from error
    result, directory = _run(options, faults, console)
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


def _run(options: Options, faults: Sequence[type[Fault]], console: Console) -> tuple[Result, Path]:
    async def until_told_to_stop() -> tuple[Result, Path]:
        task = asyncio.current_task()
        if task is not None:
            for number in (signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await run(options, faults, console)

    try:
        return asyncio.run(until_told_to_stop())
    except UnusableEnvironmentError as error:
        console.print(f"[red]the environment cannot be tested:[/] {error}", highlight=False)
        raise typer.Exit(2) from error
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("interrupted; what had gone wrong is put back")
        raise typer.Exit(130) from None
