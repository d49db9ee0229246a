"""`make down`: everything stopped and put back, also after a crash; what is slow to build stays."""

import contextlib
import time
from collections.abc import Callable
from functools import partial

from rich.console import Console

from patchbay_local.build.images import node_registry
from patchbay_local.commands.progress import short_duration
from patchbay_local.deploy import emulator
from patchbay_local.kubernetes.cluster.cluster import Cluster
from patchbay_local.kubernetes.cluster.spec import ClusterImages, ClusterSpec
from patchbay_local.kubernetes.edge import edge
from patchbay_local.kubernetes.network_policy import daemon as network_policy
from patchbay_local.kubernetes.nodes import daemon as agent
from patchbay_local.machine import checkout, packages, paths
from patchbay_local.machine.journal import Journal, open_journal
from patchbay_local.machine.mounts import remove_directories, remove_directory, remove_leftovers
from patchbay_local.machine.programs import HostError
from patchbay_local.machine.single_run import only_one


def down(console: Console) -> bool:
    """Stop and put back all that can be; False where something could not, which is told at the end."""
    began = time.monotonic()

    def say(text: str) -> None:
        console.print(f"      {text}", markup=False, highlight=False, soft_wrap=True)

    with only_one("make down"):
        checkout.require_ours()
        journal = open_journal()
        failures = _put_back(journal, say)
        if failures:
            # What is left is still this checkout's to put back.
            checkout.claim()
    for failure in failures:
        console.print(f"failed: {failure}", style="red", markup=False, highlight=False, soft_wrap=True)
    _tell_what_stays(console)
    took = short_duration(time.monotonic() - began)
    if failures:
        console.print(f"down but for {len(failures)} of its steps in {took}: mend those, then run `make down` again")
    else:
        console.print(f"down in {took}", highlight=False)
    return not failures


def _put_back(journal: Journal, say: Callable[[str], None]) -> list[str]:
    failures: list[str] = []

    def attempt(step: Callable[[], None]) -> None:
        try:
            step()
        except (RuntimeError, OSError) as error:
            failures.append(str(error))

    # In this order. What fails stays in the journal, and is tried again and told below.
    with contextlib.suppress(HostError):
        # Before the nodes: it would start them again.
        agent.down(journal)
    with contextlib.suppress(HostError):
        # Before their state is taken away: they save it when they are stopped.
        emulator.stop_all(journal)
    # Before the cluster: state without what it is of would make the next `pulumi up` believe that everything is there.
    # Together: an account without the state of what made it is in the way of all that is to be made in it.
    attempt(partial(remove_directories, paths.PULUMI_BACKEND, paths.EMULATIONS, paths.EMULATORS))
    for stop in (network_policy.down, edge.down, node_registry.down):
        with contextlib.suppress(HostError):
            stop(journal)
    say("node agent, network policies, edge and registry stopped")
    with contextlib.suppress(HostError):
        # Going down needs no images: the lock may be gone already.
        nothing = ClusterImages(pause="none", coredns="none")
        Cluster(ClusterSpec(images=nothing), progress=say, journal=journal).down()
    attempt(partial(journal.undo, progress=say))
    attempt(packages.restore_service_policy)
    attempt(partial(remove_directory, paths.STATE))
    attempt(partial(remove_leftovers, say))
    if not journal.pending():
        # It holds the journal.
        attempt(partial(remove_directory, paths.RUN))
    return failures


def _tell_what_stays(console: Console) -> None:
    installed = packages.installed_by_us()
    stays = [f"builds and downloads in {paths.CACHE} (`make clean` removes them)", f"logs in {paths.LOGS}"]
    if installed:
        stays.append(f"the Debian packages that were installed (`apt-get autoremove --purge {' '.join(installed)}`)")
    console.print(f"stays: {'; '.join(stays)}", highlight=False, markup=False, soft_wrap=True)
