"""The processes of a pod's containers, found through the node's control groups."""

import signal
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from patchbay_local.kubernetes.cluster.records import load_records
from patchbay_local.machine import cgroups
from patchbay_local.machine.files import contents, files_below
from patchbay_local.machine.processes import ProcessId

from patchbay_loadtests.core.errors import UnusableEnvironmentError

# In /proc/net/tcp, by include/net/tcp_states.h of the kernel.
_ESTABLISHED: Final = b"01"


def container_ids(pod: Mapping[str, Any]) -> list[str]:
    """The ids of the pod's running containers, without the runtime's name."""
    statuses = pod.get("status", {}).get("containerStatuses", [])
    return [
        str(status["containerID"]).rpartition("/")[2]
        for status in statuses
        if status.get("containerID") and "running" in status.get("state", {})
    ]


def processes_of(group: Path, containers: Iterable[str]) -> list[ProcessId]:
    """What runs in the containers' groups below a node's group, as this machine numbers it."""
    found: dict[int, ProcessId] = {}
    for container in containers:
        listed = (
            file
            for file in files_below(group / "kubepods")
            if file.name == "cgroup.procs" and container in file.relative_to(group).parts
        )
        for _, pids in contents(listed):
            for pid in map(int, pids.split()):
                process = ProcessId.of(pid) if pid > 1 else None
                if process is not None:
                    found[pid] = process
    return list(found.values())


def processes_in(pod: Mapping[str, Any]) -> set[ProcessId]:
    """Every process of the pod's running containers; UnusableEnvironmentError if there is none."""
    name, node = pod["metadata"]["name"], pod["spec"]["nodeName"]
    record = load_records().get(node)
    if record is None:
        raise UnusableEnvironmentError(f"pod {name} runs on {node}, which is no node of this machine")
    hierarchies = cgroups.managed(cgroups.detect())
    groups = [listed.parent for listed in cgroups.process_files(hierarchies, record.cgroup)]
    processes = {process for group in groups for process in processes_of(group, container_ids(pod))}
    if not processes:
        raise UnusableEnvironmentError(f"pod {name}: no process was found in its control groups on {node}")
    return processes


def calls(process: ProcessId, port: int, proc: Path = Path("/proc")) -> bool:
    """Whether the process's network has a connection over IPv4 to a port of another machine."""
    for _, table in contents([proc / str(process.pid) / "net/tcp"]):
        for line in table.splitlines()[1:]:
            _, _, remote, state, *_ = line.split()
            if state == _ESTABLISHED and int(remote.rpartition(b":")[2], 16) == port:
                return True
    return False


def kill_containers(pod: Mapping[str, Any]) -> None:
    """SIGKILL to all of them."""
    for process in processes_in(pod):
        process.send(signal.SIGKILL)
