"""First processes of nodes, and the daemons of the control plane."""

from pathlib import Path

from patchbay_local.kubernetes.cluster.records import NodeRecord, load_records
from patchbay_local.machine import paths
from patchbay_local.machine.daemons import Supervisor
from patchbay_local.machine.journal import open_journal
from patchbay_local.machine.processes import ProcessId

from patchbay_loadtests.core.errors import UnusableEnvironmentError

API_SERVER = "kube-apiserver"
_CONTROL_PLANE_SCOPE = "cluster"


def record_of(node: str) -> NodeRecord:
    """What this machine keeps of a node."""
    record = load_records().get(node)
    if record is None:
        raise UnusableEnvironmentError(f"{node} is no node of this machine")
    return record


def first_process(node: str) -> ProcessId:
    """The process with which all others of the node end."""
    record = record_of(node)
    return _running(record.scope, record.daemon)


def control_plane_process(daemon: str) -> ProcessId:
    """A daemon of the control plane."""
    return _running(_CONTROL_PLANE_SCOPE, daemon)


def lives(node: str) -> bool:
    """Whether the node is there and has not died."""
    record = load_records().get(node)
    return record is not None and _supervisor(record.scope).process(record.daemon) is not None


def ballast(node: str) -> Path:
    """A file on the node's own disk, in which the kubelet keeps what pods write."""
    return Path(f"/proc/{first_process(node).pid}/root/var/lib/kubelet/fault-ballast")


def _running(scope: str, daemon: str) -> ProcessId:
    supervisor = _supervisor(scope)
    process = supervisor.process(daemon)
    if process is None:
        raise UnusableEnvironmentError(f"{daemon} does not run: see {supervisor.log(daemon)}")
    return process


def _supervisor(scope: str) -> Supervisor:
    return Supervisor(run=paths.RUN, logs=paths.LOGS, journal=open_journal(), scope=scope)
