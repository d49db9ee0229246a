"""The registry that nodes pull from: on the bridge's address, and read-only."""

from typing import Final

from patchbay_local.build.images import registry
from patchbay_local.machine import addresses, network, paths
from patchbay_local.machine.daemons import Daemon, DaemonStatus, Supervisor
from patchbay_local.machine.journal import Journal

SCOPE: Final = "registry"
ADDRESS: Final = f"{addresses.BRIDGE_ADDRESS}:{addresses.REGISTRY_PORT}"
_DAEMON: Final = "registry"


def up(journal: Journal) -> None:
    """Start it unless it runs, and wait until it answers; its address exists with the bridge."""
    network.ensure_bridge(journal)
    file = registry.write_configuration("nodes", ADDRESS, read_only=True)
    _supervisor(journal).ensure(
        Daemon(name=_DAEMON, argv=("docker-registry", "serve", str(file)), stop_grace_seconds=1)
    )
    registry.wait_until_answering(ADDRESS)


def status(journal: Journal) -> DaemonStatus:
    """Whether it runs."""
    return _supervisor(journal).status(_DAEMON)


def down(journal: Journal) -> None:
    """Stop it. Nothing happens where it does not run."""
    journal.undo(SCOPE)


def _supervisor(journal: Journal) -> Supervisor:
    return Supervisor(run=paths.RUN, logs=paths.LOGS, journal=journal, scope=SCOPE)
