"""The agent as a daemon: started, found and stopped by any command."""

import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from patchbay_local.machine import paths
from patchbay_local.machine.daemons import Daemon, DaemonStatus, Supervisor
from patchbay_local.machine.files import contents, files_below
from patchbay_local.machine.journal import Journal

SCOPE: Final = "node-agent"
_DAEMON: Final = "node-agent"


def up(journal: Journal, aws: Mapping[str, str], *, boot_seconds: float = 0) -> None:
    """Start it, or start it anew where anything of it differs; nodes that run go on.

    `aws`: the variables that point at the account. `boot_seconds`: from an instance's launch to its node's start, to
    imitate a cloud's.
    """
    _supervisor(journal).ensure(
        Daemon(
            name=_DAEMON,
            argv=(sys.executable, "-m", "patchbay_local.kubernetes.nodes", "--boot-seconds", f"{boot_seconds:g}"),
            environment=aws,
            inputs=(code_digest(), hashlib.sha256(paths.IMAGE_LOCK.read_bytes()).hexdigest()),
        )
    )


def status(journal: Journal) -> DaemonStatus:
    """Whether it runs."""
    return _supervisor(journal).status(_DAEMON)


def down(journal: Journal) -> None:
    """Stop it; nodes that run go on. Nothing happens where it does not run."""
    journal.undo(SCOPE)


def _supervisor(journal: Journal) -> Supervisor:
    return Supervisor(run=paths.RUN, logs=paths.LOGS, journal=journal, scope=SCOPE)


def code_digest() -> str:
    """Of all that the machine's daemons of ours are made of."""
    digest = hashlib.sha256()
    package = Path(__file__).parents[2]
    for folder in ("kubernetes", "machine"):
        sources = (file for file in files_below(package / folder) if file.parent.name != "__pycache__")
        for _, content in contents(sources):
            digest.update(content)
    return digest.hexdigest()
