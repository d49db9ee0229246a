"""The command: 0 all held, 1 a step failed, 2 refused, 3 something may be left in AWS."""

import contextlib
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from patchbay_operations.access import Access
from patchbay_operations.checks.facts import Facts
from patchbay_operations.checks.run import CHECKS
from patchbay_operations.smoke import proof, report
from patchbay_operations.smoke.child import Within
from patchbay_operations.smoke.cost import Ceiling
from patchbay_operations.smoke.engine import Engine
from patchbay_operations.smoke.leftovers import left, sweep
from patchbay_operations.smoke.options import Limits, Options
from patchbay_operations.smoke.outcome import Outcome
from patchbay_operations.smoke.preflight.lack import Lack
from patchbay_operations.smoke.preflight.run import Ready, prepare
from patchbay_operations.smoke.record import Entry, TakenError
from patchbay_operations.smoke.run import Course, Run, Site
from patchbay_operations.smoke.stack_file import Stack
from patchbay_operations.smoke.stopping import Stop, heeding
from patchbay_operations.stack_file import stack_of

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
REFUSED: Final = 2
# Until the record counts as that of a run that was killed.
_SLACK_SECONDS: Final = 900.0
_PREFLIGHT_SECONDS: Final = 300.0


@app.command()
def smoke(
    *,
    stack_file: Annotated[Path, typer.Option(help="The environment: Pulumi.<stack>.yaml.")],
    budget: Annotated[float | None, typer.Option(min=0, help="The most that the run may cost, in US dollars.")] = None,
    deadline: Annotated[int, typer.Option(min=1, help="Minutes for all of it, the destruction included.")] = 240,
    up: Annotated[int, typer.Option(min=1, help="Minutes for the deployment.")] = 90,
    proof: Annotated[int, typer.Option(min=1, help="Minutes for the scaling proof.")] = 45,
    destroy: Annotated[int, typer.Option(min=1, help="Minutes for the destruction.")] = 90,
    aws_only: Annotated[bool, typer.Option("--aws-only", help="Without the platform, and without its proof.")] = False,
    short: Annotated[bool, typer.Option("--short", help="Prove the edge of the threshold only.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an unfinished run's environment.")] = False,
    destroy_only: Annotated[
        bool, typer.Option("--destroy-only", help="Only destroy what an unfinished run left.")
    ] = False,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="The other run has ended, whatever its record says.")
    ] = False,
    machine_prices: Annotated[Path | None, typer.Option(help="Your own prices of instances.")] = None,
    prices: Annotated[Path | None, typer.Option(help="Your own prices of everything else.")] = None,
    directory: Annotated[Path, typer.Option("--report", help="Where the report is written.")] = Path("reports/smoke"),
) -> None:
    """Deploy a stack on real AWS, check it, prove its scaling, and destroy it."""
    limits = Limits(whole=deadline * 60.0, up=up * 60.0, proof=proof * 60.0, destroy=destroy * 60.0)
    options = Options(
        stack_file=stack_file,
        budget_usd=budget,
        limits=limits,
        aws_only=aws_only,
        short=short,
        resume=resume,
        destroy_only=destroy_only,
        take_over=take_over,
        machine_prices=machine_prices,
        prices=prices,
        report=directory,
    )
    console = Console(soft_wrap=True, highlight=False)
    with heeding() as stop:
        raise typer.Exit(run(options, stop, console, access=Access, engine=partial(_engine, options, console)))


def run(
    options: Options,
    stop: Stop,
    console: Console,
    *,
    access: Callable[[str], Access],
    engine: Callable[[Stack], Engine],
    real: bool = True,
    pause_seconds: float = 30.0,
) -> int:
    """The exit status. `access`: to the account, by the region."""
    limits = options.limits
    within = Within(time.monotonic() + _PREFLIGHT_SECONDS, lambda: stop.work, limits.grace)
    ready = prepare(options, access=access, engine=engine, within=within, real=real)
    if isinstance(ready, list):
        return _refused(options, console, ready)
    if options.destroy_only and ready.before is None:
        console.print(f"no smoke run of {ready.stack.name} was left unfinished: there is nothing to destroy")
        return 0
    _print_ceiling(console, ready.ceiling)
    # A destruction that is asked to end may take its grace over the whole.
    entry = Entry.new(limits.whole + limits.grace + _SLACK_SECONDS, os.environ)
    try:
        ready.record.write(entry, over=ready.before)
    except TakenError as error:
        return _refused(options, console, [Lack("the record", str(error), "try again when it has ended")])
    keep = partial(report.write, options.report, ready.stack.name, ceiling=ready.ceiling, ended=False)
    course = Course(limits, ready.before is not None, options.resume, options.destroy_only, pause_seconds)
    outcome = Run(_site(options, ready, entry, console), course, stop, partial(_say, console), keep).carry_out()
    # The status tells of what is left, also where neither the disk nor the terminal takes any more.
    with contextlib.suppress(OSError):
        _print_outcome(console, options, ready.stack, outcome)
    with contextlib.suppress(OSError):
        report.write(options.report, ready.stack.name, outcome, ready.ceiling, ended=True)
    return outcome.status


def _print_outcome(console: Console, options: Options, stack: Stack, outcome: Outcome) -> None:
    console.print(f"{outcome.verdict}; report: {options.report / 'result.json'}")
    if outcome.left:
        console.print(Text("\n".join(["left:", *(f"  {one}" for one in outcome.left)]), style="red"))
        console.print(
            f"the next run destroys it first, and so does `make smoke STACK={stack.name} ARGS=--destroy-only`"
        )


def _site(options: Options, ready: Ready, entry: Entry, console: Console) -> Site:
    stack, engine = ready.stack, ready.engine
    facts = Facts(ready.access, stack.environment, production=False)
    kept = {stack.infra.delivery.state_bucket, f"/hostedzone/{stack.infra.edge.zone_id}"}
    tell = partial(_say, console)

    def prove(within: Within) -> None:
        outputs = engine.outputs(within)
        proof.prove(stack, outputs, within, report=options.report, short=options.short, on_line=tell)

    return Site(
        engine,
        [partial(check.run, facts) for check in CHECKS],
        None if options.aws_only else prove,
        lambda: left(ready.access, stack.environment, kept=frozenset(kept)),
        partial(sweep, ready.access, stack.environment),
        partial(ready.record.remove, entry),
        partial(engine.others, (ready.before or entry).since),
    )


def _engine(options: Options, console: Console, stack: Stack) -> Engine:
    infra = stack.infra
    return Engine(
        stack.name,
        stack.file.resolve().parent,
        f"s3://{infra.delivery.state_bucket}?region={infra.aws.region}",
        options.report / "pulumi.log",
        partial(_say, console),
    )


def _refused(options: Options, console: Console, lacks: list[Lack]) -> int:
    report.write_refused(options.report, stack_of(options.stack_file), lacks)
    console.print(Text(f"refused, and nothing was made: {len(lacks)} things are lacking", style="red"))
    for lack in lacks:
        console.print(Text(f"- {lack}"))
    return REFUSED


def _say(console: Console, line: str) -> None:
    console.print(Text(line))


def _print_ceiling(console: Console, ceiling: Ceiling) -> None:
    table = Table(
        "at its largest", "number", "USD an hour", title=f"At most {ceiling.usd:.2f} USD", title_justify="left"
    )
    for line in ceiling.lines:
        table.add_row(line.what, f"{line.number:g}", f"{line.usd_per_hour:.3f}")
    console.print(table)
