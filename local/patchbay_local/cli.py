"""The command line behind the Makefile."""

import shlex
import signal
import sys
from typing import Annotated, Final

import typer
from pydantic import ValidationError
from rich.console import Console

from patchbay_local.build.tools import source
from patchbay_local.build.tools.lock import renew
from patchbay_local.commands import checks, faults, latency, proof
from patchbay_local.commands.clean import clean
from patchbay_local.commands.complete import run_parts
from patchbay_local.commands.complete_parts import complete
from patchbay_local.commands.down import down
from patchbay_local.commands.emulate import emulate
from patchbay_local.commands.phases import run_tests
from patchbay_local.commands.recovery import recover_stack
from patchbay_local.commands.restore_drill.command import restore_drill
from patchbay_local.commands.status import status
from patchbay_local.commands.tree import Tree
from patchbay_local.commands.up import Options, up
from patchbay_local.deploy import environments
from patchbay_local.machine import checkout

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Patchbay on one machine.")
# Wide enough for the tables where the output is a file or a pipe, whose width nobody knows.
_console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)

_INTERRUPTED: Final = 130  # a shell's code for SIGINT, which Typer returns

SkipProof = Annotated[bool, typer.Option("--skip-proof", help="Bring it up without the scaling proof.")]
ShortProof = Annotated[bool, typer.Option("--short-proof", help="Prove only the edge of the threshold.")]

# They leave the environment as it is, or look by themselves whose it is.
_FOR_ANY_CHECKOUT: Final = frozenset({"status", "lint", "lock-downloads", "clean", "recover", "restore-drill"})


@app.callback()
def check_whose_environment(context: typer.Context) -> None:
    """Refuse what is another checkout's, before anything is done."""
    if context.invoked_subcommand not in _FOR_ANY_CHECKOUT:
        checkout.require_ours()


@app.command("up")
def up_command(*, skip_proof: SkipProof = False, short_proof: ShortProof = False) -> None:
    """Bring the platform up and prove that pods follow processes."""
    if not up(_console, Options(skip_proof=skip_proof, short_proof=short_proof)):
        raise typer.Exit(1)


@app.command("down")
def down_command() -> None:
    """Stop everything and put the machine back; builds are kept."""
    if not down(_console):
        raise typer.Exit(1)


@app.command("clean")
def clean_command() -> None:
    """Remove the builds and downloads that `down` keeps; refused while the environment is up."""
    clean(_console)


@app.command("emulate")
def emulate_command(
    stack: Annotated[str, typer.Option(help="The stack whose AWS is deployed: dev, staging, production.")],
    *,
    afresh: Annotated[bool, typer.Option("--afresh", help="Forget the last run's account first.")] = False,
) -> None:
    """Deploy a stack's AWS on an emulated account, check it, and report."""
    if not emulate(_console, stack, afresh=afresh):
        raise typer.Exit(1)


@app.command("recover")
def recover_command(
    stack: Annotated[str, typer.Option(help="The stack whose update was killed.")],
    *,
    emulated: Annotated[bool, typer.Option("--emulated", help="The one that `make emulate` deployed.")] = False,
    sure: Annotated[bool, typer.Option("--sure", help="Every update of the stack has ended: do not ask.")] = False,
) -> None:
    """After an update that was killed: take in what it made, forget what it did not.

    Refused while an update of the stack runs on this machine. Where its state is not a directory of this machine, you
    are asked whether every update has ended, wherever it ran: the recovery takes its lock away.
    """
    recover_stack(_console, stack, emulated=emulated, is_sure=lambda question: sure or typer.confirm(question))


@app.command("restore-drill")
def restore_drill_command() -> None:
    """Spoil a tenant's data on servers of the drill's own, restore them to a point in time, and put them back."""
    if not restore_drill(_console):
        raise typer.Exit(1)


@app.command("status")
def status_command() -> None:
    """Show what runs, where, and the addresses to open."""
    if not status(_console):
        raise typer.Exit(1)


@app.command("env")
def env_command() -> None:
    """Print the shell variables with which `pulumi`, `kubectl` and AWS clients mean this environment."""
    for name, value in environments.variables().items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


@app.command("lint")
def lint_command() -> None:
    """Check types, style and shell scripts."""
    if not checks.lint(_console):
        raise typer.Exit(1)


@app.command("lock-downloads")
def lock_downloads_command() -> None:
    """Fetch the checksums that the projects publish, and write downloads.lock."""
    if not renew(source.from_environment(), lambda line: _console.print(line, markup=False, soft_wrap=True)):
        raise typer.Exit(1)


_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command("test", context_settings=_PASS_ON)
def run_tests_command(
    context: typer.Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="The complete set, for hours; with a record.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="With --all: leave out what passed before.")] = False,
) -> None:
    """Check, bring the platform up, and run every test; further arguments go to pytest."""
    if everything:
        if context.args:
            raise RuntimeError(f"--all takes no further arguments, not {' '.join(context.args)}: it is all there is")
        raise typer.Exit(0 if run_parts(_console, complete(_console), tree=Tree.of(), resume=resume) else 1)
    if not checks.lint(_console):
        raise typer.Exit(1)
    up(_console, Options(skip_proof=True))
    raise typer.Exit(run_tests(_console, context.args))


@app.command("bench", context_settings=_PASS_ON)
def bench_command(context: typer.Context) -> None:
    """Measure the running environment; further arguments go to the load test."""
    raise typer.Exit(proof.bench(context.args))


@app.command("nodes", context_settings=_PASS_ON)
def nodes_command(context: typer.Context) -> None:
    """Prove that a pod that fits nowhere gets a node, and that a burst in the headroom waits for none."""
    raise typer.Exit(proof.nodes(_console, context.args))


@app.command("load", context_settings=_PASS_ON)
def load_command(context: typer.Context) -> None:
    """Send a day's load in short: --profile black-friday, soak or steady; further arguments go to the load test."""
    raise typer.Exit(proof.load(_console, context.args))


@app.command("compare", context_settings=_PASS_ON)
def compare_command(context: typer.Context) -> None:
    """Send the same load in pairs: as it scales here, and with the tools' defaults."""
    raise typer.Exit(proof.compare(_console, context.args))


@app.command("faults", context_settings=_PASS_ON)
def faults_command(context: typer.Context) -> None:
    """Let things go wrong under load, and judge that nothing is lost; further arguments choose which and how many."""
    raise typer.Exit(faults.run(context.args))


@app.command("latency")
def latency_command(
    *, repeat: Annotated[int, typer.Option(min=0, max=100, help="Further scale-ups each.")] = 9
) -> None:
    """Measure the time to the second pod, with this HPA sync period and with EKS's default."""
    if not latency.compare(_console, repeat=repeat):
        raise typer.Exit(1)


def _advice(command: list[str]) -> str:
    """What to do after an interruption of the command."""
    if command and command[0] in {"down", "clean"}:
        return f"`make {command[0]}` goes on from here"
    return "`make up` goes on from here, `make down` stops all"


def main() -> None:
    """Run, and turn what a user can act on into one clear message."""
    # They end like Ctrl-C does: children are stopped, and the next run goes on from there. What the caller has ignored
    # stays so: under nohup, a set of hours outlives its terminal.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        app()
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            _console.print(f"interrupted; {_advice(sys.argv[1:2])}")
        raise
    except (RuntimeError, ValidationError) as error:
        Console(stderr=True, highlight=False).print(f"error: {error}", markup=False, style="red", soft_wrap=True)
        sys.exit(2)
