"""`make down`: everything stopped and put back, also after a crash; what is slow to build stays."""

import shutil
import time
from pathlib import Path

from rich.console import Console

from patchbay_local.build.images import node_registry
from patchbay_local.commands.progress import short_duration
from patchbay_local.kubernetes.cluster.cluster import Cluster
from patchbay_local.kubernetes.cluster.spec import ClusterImages, ClusterSpec
from patchbay_local.kubernetes.edge import edge
from patchbay_local.kubernetes.network_policy import daemon as network_policy
from patchbay_local.kubernetes.nodes import daemon as agent
from patchbay_local.machine import packages, paths
from patchbay_local.machine.journal import open_journal
from patchbay_local.machine.single_run import only_one


def down(console: Console) -> None:
    """Stop and put back; the cache (paths.CACHE) stays."""
    began = time.monotonic()
    with only_one("make down"):
        journal = open_journal()

        def say(text: str) -> None:
            console.print(f"      {text}", markup=False, highlight=False)

        # First of all: state without its cluster would make the next `pulumi up` believe that everything is there.
        for state in (paths.PULUMI_BACKEND, paths.EMULATIONS):
            shutil.rmtree(state, ignore_errors=True)
        # Before the nodes: it would start them again.
        agent.down(journal)
        network_policy.down(journal)
        edge.down(journal)
        node_registry.down(journal)
        say("node agent, network policies, edge and registry stopped")
        # Going down needs no images: the lock may be gone already.
        nothing = ClusterImages(pause="none", coredns="none")
        Cluster(ClusterSpec(images=nothing), progress=say, journal=journal).down()
        journal.undo(progress=say)
        packages.restore_service_policy()
        for directory in (paths.STATE, paths.RUN):
            _remove(directory)
    console.print(
        f"down in {short_duration(time.monotonic() - began)}; {paths.CACHE} keeps the builds", highlight=False
    )


def _remove(directory: Path) -> None:
    below = [mount for mount in mount_points() if mount.is_relative_to(directory)]
    if below:
        # Deleting would go through the mount and empty what it shows.
        raise RuntimeError(f"{below[0]} is still mounted: umount it, then run `make down` again")
    shutil.rmtree(directory, ignore_errors=True)


def mount_points() -> list[Path]:
    """Where this machine has file systems mounted."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [Path(line.split()[4].replace("\\040", " ")) for line in lines]
