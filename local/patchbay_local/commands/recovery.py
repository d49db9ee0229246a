"""`make recover`: a stack whose update was killed, wherever its state and its AWS are."""

import json
from collections.abc import Callable

from patchbay_operations.recovery.recover import Recovery, recover
from rich.console import Console

from patchbay_local.deploy.emulation import Emulation
from patchbay_local.deploy.environments import LOCAL, local
from patchbay_local.deploy.stack import pulumi
from patchbay_local.deploy.stack.backend import Backend
from patchbay_local.deploy.stack_config import StackConfig
from patchbay_local.machine import checkout, paths
from patchbay_local.machine.journal import open_journal
from patchbay_local.machine.programs import run


def recover_stack(console: Console, stack: str, *, emulated: bool, is_sure: Callable[[str], bool]) -> None:
    """Recover and tell what was done. A stack that is not emulated is found as the shell's own Pulumi settings say.

    `is_sure` answers whether nobody updates a stack any more, where nothing but its user can know that. RuntimeError
    where an update runs, or may.
    """
    if not stack:
        raise RuntimeError("STACK: no stack is named; give it as STACK=NAME")
    if stack == LOCAL or emulated:
        checkout.require_ours()
    if stack == LOCAL:
        found = local().recover()
    elif emulated:
        emulation = Emulation.of(StackConfig.read(stack))
        emulation.start(open_journal())
        if not emulation.stack.exists():
            raise RuntimeError(f"{stack} is not deployed on its emulated account: `make emulate STACK={stack}` does it")
        found = emulation.stack.recover()
    else:
        found = _of_the_shell(stack, is_sure)
    for urn, identifier in found.adopted.items():
        console.print(f"adopted   {urn} as {identifier}", highlight=False, soft_wrap=True, markup=False)
    for urn in found.forgotten:
        console.print(f"forgotten {urn}: the next update makes it", highlight=False, soft_wrap=True, markup=False)
    console.print(f"{stack}: {found.summary}; `pulumi up` goes on from here", highlight=False)


def _of_the_shell(stack: str, is_sure: Callable[[str], bool]) -> Recovery:
    def command(*words: str) -> str:
        return pulumi_command(*words, "--stack", stack, "--non-interactive")

    def pulumi_command(*words: str) -> str:
        # Nothing but the answer may be printed.
        return run([pulumi.program(), *words], cwd=paths.REPOSITORY, env={"PULUMI_SKIP_UPDATE_CHECK": "true"})

    url = json.loads(pulumi_command("whoami", "--verbose", "--json"))["url"]
    if backend := Backend.of_url(url):
        backend.require_free(stack)
        backend.mend(stack)
    elif not is_sure(
        f"The state of {stack} is at {url}. Has every update of it ended, here and on every other machine?"
    ):
        raise RuntimeError(f"{stack} is not recovered: an update that still runs would lose its lock")
    return recover(command, None)
