"""Keeps every node's packet filter as the cluster's policies say.

Rules stay in the nodes when this ends, and while no API server answers: what is closed stays closed. They go with the
node's network namespace.
"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event

from patchbay_local.kubernetes.network_policy.ruleset import Cluster, ruleset
from patchbay_local.machine.processes import ProcessId
from patchbay_local.machine.programs import HostError, run

_log = logging.getLogger("network-policy")


def apply(process: ProcessId, rules: str) -> None:
    """Put the rules in the place of the earlier ones, in the network namespace of the process. HostError if refused."""
    namespace = Path(f"/proc/{process.pid}/ns/net")
    # A node that is just being started is still in the machine's own.
    if _identity(namespace) == _identity(Path("/proc/self/ns/net")):
        raise HostError(f"pid {process.pid} has no network namespace of its own")
    run(["nsenter", f"--net={namespace}", "nft", "-f", "-"], stdin=rules, timeout_seconds=30)


def _identity(namespace: Path) -> str:
    try:
        return str(namespace.readlink())
    except OSError as error:
        raise HostError(f"{namespace}: {error.strerror}") from error


class Enforcement:
    """One per machine."""

    def __init__(
        self,
        cluster: Callable[[], Cluster | None],
        nodes: Callable[[], Mapping[str, ProcessId]],
        *,
        put: Callable[[ProcessId, str], None] = apply,
        period_seconds: float = 0.5,
    ) -> None:
        """`cluster`: None while it is not known. `nodes`: by name, a process in each one's network namespace.

        `period_seconds`: how often nodes are looked for; a change of the cluster's objects is told.
        """
        self._cluster = cluster
        self._nodes = nodes
        self._put = put
        self._period_seconds = period_seconds
        self._applied: dict[str, tuple[ProcessId, str]] = {}
        self._troubles: dict[str, str] = {}

    def run(self, changed: Event, end: Event) -> None:
        """Returns soon after `end` is set."""
        while not end.is_set():
            changed.wait(self._period_seconds)
            changed.clear()
            try:
                self.step()
            except Exception as error:  # of any kind: it goes on with the next round
                self._tell("all nodes", error)

    def step(self) -> None:
        """Bring each node up to date that is not. What fails is tried again in the next step."""
        cluster = self._cluster()
        if cluster is None:
            return
        nodes = self._nodes()
        self._applied = {name: done for name, done in self._applied.items() if name in nodes}
        for name, process in nodes.items():
            wanted = (process, ruleset(cluster, name))
            if self._applied.get(name) == wanted:
                continue
            try:
                self._put(*wanted)
            except HostError as error:
                self._tell(name, error)
            else:
                self._troubles.pop(name, None)
                self._applied[name] = wanted

    def _tell(self, what: str, error: Exception) -> None:
        trouble = f"{type(error).__name__}: {error}"
        if self._troubles.get(what) != trouble:
            self._troubles[what] = trouble
            _log.warning("%s: %s", what, trouble)
