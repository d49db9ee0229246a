"""Every fault, in the order in which they are run: what is over at once first."""

from collections.abc import Sequence
from typing import Final

from patchbay_loadtests.faults.catalogue.clock import ClockOff
from patchbay_loadtests.faults.catalogue.control_plane import ApiServerAway
from patchbay_loadtests.faults.catalogue.deploy import Deploy
from patchbay_loadtests.faults.catalogue.disk import DiskFull
from patchbay_loadtests.faults.catalogue.fault import Fault
from patchbay_loadtests.faults.catalogue.gateway import GatewayKilled
from patchbay_loadtests.faults.catalogue.metrics import ExporterAway, KedaAway, PrometheusAway
from patchbay_loadtests.faults.catalogue.nodes import NodeDies, NodeDrained, ZoneLosesNodes
from patchbay_loadtests.faults.catalogue.poison import PoisonProcess
from patchbay_loadtests.faults.catalogue.scale_in import ScaleInDuringLongProcesses
from patchbay_loadtests.faults.catalogue.stores import MariadbRestarts, RedisAway, RedisRestarts
from patchbay_loadtests.faults.catalogue.workers import KillEveryWorker, KillWorker

# The quickest, for a look in passing. Neighbours fire different alerts, so that none waits for the one before to fall
# silent, which takes a minute after a restart; the last one's falls silent first.
SHORT: Final[Sequence[type[Fault]]] = (KillWorker, RedisRestarts, MariadbRestarts, KillEveryWorker, GatewayKilled)
FAULTS: Final[Sequence[type[Fault]]] = (
    *SHORT,
    RedisAway,
    PoisonProcess,
    ScaleInDuringLongProcesses,
    Deploy,
    PrometheusAway,
    ExporterAway,
    KedaAway,
    ApiServerAway,
    ClockOff,
    DiskFull,
    NodeDrained,
    NodeDies,
    ZoneLosesNodes,
)


def named(names: Sequence[str]) -> Sequence[type[Fault]]:
    """The faults of these names, in their own order. ValueError naming those that are unknown."""
    known = {fault.name for fault in FAULTS}
    if unknown := sorted(set(names) - known):
        raise ValueError(f"no fault is called {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    return [fault for fault in FAULTS if fault.name in names]
