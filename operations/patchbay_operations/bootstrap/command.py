"""The command: 0 prepared, 1 a quota is too small, 2 refused."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from patchbay_operations.access import Access
from patchbay_operations.bootstrap import login
from patchbay_operations.bootstrap.findings import Finding, RefusedError, State, Work
from patchbay_operations.bootstrap.quotas import Judged
from patchbay_operations.bootstrap.run import prepare
from patchbay_operations.bootstrap.stack_file import Stack, load_stack
from patchbay_operations.inputs import InputError

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
_STYLES: Final[dict[State, str]] = {
    "found": "green",
    "made": "cyan",
    "would make": "cyan",
    "look": "yellow",
    "unknown": "yellow",
}
_VERDICTS: Final = {"enough": "green", "too small": "red", "not read": "yellow"}


def _of_environment(region: str) -> Access:
    """As AWS' own tools find it, sessions of roles included."""
    return Access(region)


@app.command()
def bootstrap(
    *,
    stack_file: Annotated[Path, typer.Option(help="The environment: Pulumi.<stack>.yaml.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look; make nothing.")] = False,
    log_in: Annotated[bool, typer.Option("--login", help="Run Pulumi's login and make the stack, too.")] = False,
) -> None:
    """Make what an environment's first `pulumi up` needs in its account; safe to repeat."""
    raise typer.Exit(run(stack_file, dry_run=dry_run, log_in=log_in))


def run(
    stack_file: Path,
    *,
    dry_run: bool,
    log_in: bool,
    access: Callable[[str], Access] = _of_environment,
    console: Console | None = None,
) -> int:
    """The exit status. `access`: to the account, by the region."""
    console = console or Console(soft_wrap=True, highlight=False)
    try:
        stack = load_stack(stack_file)
        work = Work(stack, access(stack.infra.aws.region), dry_run, lambda finding: _tell(console, finding))
        outcome = prepare(work)
        short = _quotas(console, outcome.quotas)
        _lines(console, work)
        steps = [login.shown(command) for command in login.commands(work, outcome.key_arn)]
        if log_in:
            login.run(work, outcome.key_arn)
            steps = []
    except (InputError, RefusedError) as error:
        console.print(Text.assemble(("refused: ", "red"), str(error)))
        return 2
    _next(console, stack, steps)
    return 1 if short else 0


def _tell(console: Console, finding: Finding) -> None:
    mark = (f"{finding.state:<10} ", _STYLES[finding.state])
    console.print(Text.assemble(f"{finding.step:<14} ", mark, finding.text))


def _quotas(console: Console, judged: Sequence[Judged]) -> bool:
    """Whether any is too small."""
    table = Table("quota", "code", "need", "may have", "verdict", title="At the stack's largest", title_justify="left")
    for each in judged:
        need = each.need
        applied = f"{each.applied:g}" if each.applied is not None else each.reason
        verdict = Text(each.verdict, style=_VERDICTS[each.verdict])
        table.add_row(need.title, f"{need.service} {need.code}", str(need.amount), applied, verdict)
    console.print(table)
    short = [each for each in judged if each.verdict == "too small"]
    for each in short:
        console.print(
            Text.assemble(
                ("too small: ", "red"),
                f"{each.need.title}: by {each.need.fields} of the stack file up to {each.need.amount}, and the "
                f"account may have {each.applied:g}. Ask for more, or lower what the stack takes:\n  {each.request}",
            )
        )
    if any(each.verdict == "not read" for each in judged):
        console.print("Quotas that could not be read: look at them in the console of Service Quotas.")
    return bool(short)


def _lines(console: Console, work: Work) -> None:
    if not work.lines:
        return
    console.print(f"\nPut into {work.stack.file.name}, below patchbay:infra, and commit it:")
    for section, values in work.lines.items():
        console.print(f"    {section}:")
        for key, value in values.items():
            console.print(f"      {key}: {value}")


def _next(console: Console, stack: Stack, steps: Sequence[str]) -> None:
    console.print("\nNext:")
    for command in (*steps, f"pulumi up -s {stack.name} --policy-pack policies"):
        console.print(Text(f"    {command}"))
