"""An update that is killed while it runs, as by a lost runner or the out-of-memory killer."""

import dataclasses
import json
import os
import re
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psutil
import pytest
from patchbay_local.deploy.emulation import Emulation
from patchbay_local.deploy.stack import plugins as install
from patchbay_local.deploy.stack.stack import Stack
from patchbay_local.machine import paths
from patchbay_local.machine.programs import CommandError
from patchbay_operations.access import Access
from patchbay_operations.inventory.read import inventory
from patchbay_operations.recovery import checkpoint

_STEP: Final = re.compile(r"^\s*[-+~]+\s+(aws:\S+)\s+\S+\s+(creating|updating|deleting|replacing)\b")
_CHOSEN_BY_AWS: Final = re.compile(r"\b[0-9a-f]{8}(-?[0-9a-f]{4,})+\b")
_PLUGIN_SECONDS: Final = 60.0  # to end after its engine; one may still be importing


def driven(emulation: Emulation) -> Stack:
    """The emulation's stack, with the engine's plugins beside it, and without policies: they have no part in this."""
    home = emulation.directory / "home"
    install.install(home, paths.BIN)
    environment = {**emulation.environment, "PULUMI_HOME": str(home)}
    stack = dataclasses.replace(emulation.stack, policy_pack=None, environment=environment)
    stack.prepare()
    return stack


def kill_after(stack: Stack, begun: int, *command: str, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Kill the engine, and nothing else, as soon as it has begun so many operations on AWS resources.

    With 0 before all: while its plugins are starting. `meanwhile` is called at every line that it prints before.
    """
    seen, killed = 0, False

    def watch(line: str) -> None:
        nonlocal seen, killed
        seen += bool(_STEP.match(line))
        if not killed:
            meanwhile()
        if seen >= begun and not killed:
            os.kill(engine(stack).pid, signal.SIGKILL)
            killed = True

    with pytest.raises(CommandError) as ended:
        stack.command(*command, "--yes", "--skip-preview", on_line=watch)
    assert ended.value.code == -signal.SIGKILL, ended.value


def engine(stack: Stack) -> psutil.Process:
    """The running engine, which the stack's lock names."""
    (lock,) = [lock for lock in stack.backend.locks(stack.name) if lock.is_held]
    return psutil.Process(lock.pid)


def plugins(stack: Stack) -> list[psutil.Process]:
    """What engines of this stack have started and still runs: the language host, the program, providers."""
    wanted = f"PULUMI_BACKEND_URL={stack.backend.url}".encode()
    found = []
    for process in psutil.process_iter():
        try:
            if wanted in Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0"):
                found.append(process)
        except OSError:
            continue
    return found


def wait_for_plugins(stack: Stack) -> None:
    """Returns once nothing runs any more that a killed engine started. They end by themselves."""
    _, alive = psutil.wait_procs(plugins(stack), _PLUGIN_SECONDS)
    assert not alive, [process.cmdline() for process in alive]


def export(stack: Stack) -> checkpoint.State:
    """The engine's state."""
    content: checkpoint.State = json.loads(stack.command("stack", "export", keep=True))
    return content


def ids(state: checkpoint.State) -> dict[str, str]:
    """The ids of the stack's resources, by URN."""
    return {resource["urn"]: resource["id"] for resource in state["deployment"]["resources"] if resource["custom"]}


def contents(access: Access) -> Counter[tuple[str, str, str]]:
    """How many things of each kind, name and zone the account holds; what AWS chooses of a name does not count."""
    return Counter(
        (item.kind, _CHOSEN_BY_AWS.sub("*", item.name or item.identifier), item.zone) for item in inventory(access)
    )
