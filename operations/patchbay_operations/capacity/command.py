"""The command: 0 done, 2 a file is refused."""

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from patchbay_operations.capacity.run import PlanOptions, calibrate, plan
from patchbay_operations.inputs import InputError

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
# What `make plan` hands on where PROFILE is empty.
_NO_PROFILE: Final = Path()


@app.command()
def capacity(
    profile: Annotated[
        Path | None, typer.Argument(help="The load: a profile, as docs/capacity.md describes it.")
    ] = None,
    *,
    stack_file: Annotated[Path, typer.Option(help="The environment: Pulumi.<stack>.yaml.")],
    cluster: Annotated[str | None, typer.Option(help="Which of its clusters, where there are several.")] = None,
    machines: Annotated[Path | None, typer.Option(help="Sizes and prices in place of those that come along.")] = None,
    prices: Annotated[
        Path | None, typer.Option(help="The environment's own prices, over those that come along.")
    ] = None,
    calibration: Annotated[Path | None, typer.Option(help="What an earlier --calibrate has written.")] = None,
    calibrate_by: Annotated[
        Path | None,
        typer.Option(
            "--calibrate", help="In place of a profile: the report of a run on the environment to learn from."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same plan.")] = 1,
    report: Annotated[
        Path, typer.Option(help="The directory to write to; files of an earlier plan are replaced.")
    ] = Path("reports/capacity"),
) -> None:
    """Simulate a load on an environment: pods, nodes, waiting time and cost over time."""
    console = Console(soft_wrap=True)
    if profile == _NO_PROFILE:
        profile = None
    options = PlanOptions(
        stack_file=stack_file,
        cluster=cluster,
        machines=machines,
        prices=prices,
        calibration=calibration,
        seed=seed,
        directory=report,
    )
    try:
        if profile is not None and calibrate_by is None:
            plan(profile, options, console)
        elif calibrate_by is not None and profile is None:
            calibrate(calibrate_by, options, console)
        else:
            raise InputError(
                "give a profile to plan for, or --calibrate with a report to learn from, and not both; "
                "`make plan` takes the profile as PROFILE=FILE"
            )
    except InputError as error:
        console.print(Text.assemble(("no plan can be made: ", "red"), str(error)))
        raise typer.Exit(2) from error
    console.print(f"report: {report}", highlight=False)
