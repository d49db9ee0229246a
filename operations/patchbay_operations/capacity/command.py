"""`capacity-plan`: what a load will take, before it comes."""

from pathlib import Path
from typing import Annotated

import typer
from patchbay_loadtests.core.messages import tell
from rich.console import Console

from patchbay_operations.capacity.inputs import InputError
from patchbay_operations.capacity.run import PlanOptions, calibrate, plan


def capacity_plan_command(
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
    report: Annotated[Path, typer.Option(help="Where plans are kept.")] = Path("reports/capacity"),
) -> None:
    """Simulate a load on an environment: pods, nodes, waiting time and cost over time."""
    console = Console(soft_wrap=True)
    options = PlanOptions(
        stack_file=stack_file,
        cluster=cluster,
        machines=machines,
        prices=prices,
        calibration=calibration,
        seed=seed,
        reports=report,
    )
    try:
        if profile is not None and calibrate_by is None:
            directory = plan(profile, options, console)
        elif calibrate_by is not None and profile is None:
            directory = calibrate(calibrate_by, options, console)
        else:
            raise InputError("give a profile to plan for, or --calibrate with a report to learn from, and not both")
    except InputError as error:
        tell(console, "no plan can be made:", str(error))
        raise typer.Exit(2) from error
    console.print(f"report: {directory}", highlight=False)
