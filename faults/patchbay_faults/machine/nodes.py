"""First processes of nodes, and the daemons of the control plane."""

import signal
from pathlib import Path

from patchbay_loadtests.errors import UnusableEnvironmentError
from patchbay_local import paths
from patchbay_local.cluster.records import NodeRecord, load_records
from patchbay_local.host import cgroups
from patchbay_local.host.daemons import Supervisor
from patchbay_local.host.processes import ProcessId
from patchbay_local.journal import open_journal

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


def restart_kubelet(node: str) -> None:
    """End the node's kubelet; the node starts it again with its configuration of then. Its pods go on."""
    hierarchies = cgroups.managed(cgroups.detect())
    listed = cgroups.process_files(hierarchies, f"{record_of(node).cgroup}/daemons")[0]
    program = str(paths.BIN / "kubelet").encode()
    for pid in map(int, listed.read_text(encoding="ascii").split()):
        process = ProcessId.of(pid)
        if process and Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0] == program:
            process.send(signal.SIGTERM)


def _running(scope: str, daemon: str) -> ProcessId:
    supervisor = Supervisor(run=paths.RUN, logs=paths.LOGS, journal=open_journal(), scope=scope)
    process = supervisor.process(daemon)
    if process is None:
        raise UnusableEnvironmentError(f"{daemon} does not run: see {supervisor.log(daemon)}")
    return process
