"""The enforcement as a daemon: started, found and stopped by any command."""

import sys
from typing import Final

from patchbay_local.kubernetes.nodes.daemon import code_digest
from patchbay_local.machine import paths
from patchbay_local.machine.daemons import Daemon, DaemonStatus, Supervisor
from patchbay_local.machine.journal import Journal

SCOPE: Final = "network-policy"
_DAEMON: Final = "network-policy"


def up(journal: Journal) -> None:
    """Start it, or start it anew where anything of it differs; rules that are in force stay."""
    argv = (sys.executable, "-m", "patchbay_local.kubernetes.network_policy")
    _supervisor(journal).ensure(Daemon(name=_DAEMON, argv=argv, inputs=(code_digest(),)))


def status(journal: Journal) -> DaemonStatus:
    """Whether it runs."""
    return _supervisor(journal).status(_DAEMON)


def down(journal: Journal) -> None:
    """Stop it; rules that are in force stay as long as their nodes. Nothing happens where it does not run."""
    journal.undo(SCOPE)


def _supervisor(journal: Journal) -> Supervisor:
    return Supervisor(run=paths.RUN, logs=paths.LOGS, journal=journal, scope=SCOPE)
