"""`make recover`: a stack whose update was killed, wherever its state and its AWS are."""

from patchbay_operations.recovery.recover import Recovery, recover
from rich.console import Console

from patchbay_local import paths
from patchbay_local.commands import run
from patchbay_local.emulation.config import StackConfig
from patchbay_local.emulation.emulation import Emulation
from patchbay_local.journal import open_journal
from patchbay_local.stack import pulumi
from patchbay_local.stack.environments import LOCAL, local


def recover_stack(console: Console, stack: str, *, emulated: bool) -> None:
    """Recover and tell what was done. A stack that is not emulated is found as the shell's own Pulumi settings say."""
    if stack == LOCAL:
        found = local().recover()
    elif emulated:
        emulation = Emulation.of(StackConfig.read(stack))
        emulation.start(open_journal())
        found = emulation.stack.recover()
    else:
        found = _of_the_shell(stack)
    for urn, identifier in found.adopted.items():
        console.print(f"adopted   {urn} as {identifier}", highlight=False, soft_wrap=True, markup=False)
    for urn in found.forgotten:
        console.print(f"forgotten {urn}: the next update makes it", highlight=False, soft_wrap=True, markup=False)
    console.print(f"{stack}: {found.summary}; `pulumi up` goes on from here", highlight=False)


def _of_the_shell(stack: str) -> Recovery:
    def command(*words: str) -> str:
        return run([pulumi.program(), *words, "--stack", stack, "--non-interactive"], cwd=paths.REPOSITORY)

    return recover(command, None)
