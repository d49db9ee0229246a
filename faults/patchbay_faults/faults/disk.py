"""A node without room on its disk."""

import os
import re
from pathlib import Path

from patchbay_faults.faults.fault import Fault
from patchbay_faults.faults.nodes import busiest_flows_node, name_of
from patchbay_faults.leftovers import Filled
from patchbay_faults.machine import disks
from patchbay_faults.machine.containers import processes_in
from patchbay_faults.machine.nodes import record_of, restart_kubelet
from patchbay_faults.stage import Stage, until

_MIB = 2**20
BALLAST_BYTES = 512 * _MIB
_CONFIGURATION = "var/lib/node/kubelet.yaml"
_BALLAST = "var/lib/kubelet/fault-ballast"
_PRESSURE_SECONDS = 60


class DiskFull(Fault):
    """The nodes of this machine share its disk, so one of them gets an end to it: a full file system over what its pods
    may write to; for its kubelet, a limit a little below what is free, and then more than that is written."""

    name = "node-disk-full"
    question = "the disk of a node is full: do its pods go where there is room?"
    alert = "NodeDiskFull"
    hold_seconds = 60
    recovery_limit_seconds = 180

    async def inject(self, stage: Stage) -> None:
        self._node = await busiest_flows_node(stage)
        directory = record_of(self._node).directory
        configuration, ballast = directory / _CONFIGURATION, directory / _BALLAST
        before = configuration.read_text(encoding="utf-8")
        processes = {process for pod in await stage.pods_of(self._node) for process in processes_in(pod)}
        stage.leftovers.record(
            Filled(
                node=self._node,
                ballast=ballast,
                configuration=configuration,
                before=before,
                processes=tuple(processes),
            )
        )
        await disks.fill(processes)
        limit = _free_bytes(directory) - BALLAST_BYTES // 2
        configuration.write_text(with_end_of_disk(before, limit), encoding="utf-8")
        restart_kubelet(self._node)
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, BALLAST_BYTES)
        await until(f"disk pressure on {self._node}", lambda: self._has_pressure(stage), _PRESSURE_SECONDS)
        self.notes.append(
            f"filled the directories of {len(processes)} processes of {self._node}, "
            f"and wrote {BALLAST_BYTES // _MIB} MiB beyond its kubelet's limit"
        )

    async def lacks(self, stage: Stage) -> list[str]:
        return [f"{self._node} has disk pressure"] if await self._has_pressure(stage) else []

    async def _has_pressure(self, stage: Stage) -> bool:
        for node in await stage.nodes():
            if name_of(node) == self._node:
                conditions = {condition["type"]: condition["status"] for condition in node["status"]["conditions"]}
                return conditions.get("DiskPressure") == "True"
        return False


def with_end_of_disk(configuration: str, free_bytes: int) -> str:
    """The kubelet's configuration with pressure below so many free bytes, forgotten as soon as there are more."""
    limited = re.sub(r"nodefs\.available: \S+", f"nodefs.available: '{free_bytes}'", configuration)
    if limited == configuration:
        raise ValueError("the kubelet's configuration has no limit nodefs.available")
    return f"{limited.rstrip()}\nevictionPressureTransitionPeriod: 5s\n"


def _free_bytes(directory: Path) -> int:
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize
