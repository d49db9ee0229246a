"""A node without room on its disk."""

import os

from patchbay_loadtests.faults.catalogue.fault import Fault
from patchbay_loadtests.faults.catalogue.nodes import busiest_flows_node, name_of
from patchbay_loadtests.faults.machine.leftovers import Filled, new_record
from patchbay_loadtests.faults.machine.nodes import ballast
from patchbay_loadtests.faults.stage import Stage, until

_GIB = 2**30
# A kubelet evicts below 10 %, and says so in the alert's time below 15 %.
_LEFT_FREE = 0.04
_PRESSURE_SECONDS = 90


class DiskFull(Fault):
    """A file on the node's own disk takes all but a little of it."""

    name = "node-disk-full"
    question = "the disk of a node is full: do its pods go where there is room?"
    alert = "NodeDiskFull"
    also_fires = ("NodeNotReady",)
    hold_seconds = 45
    usual_seconds = 150
    # A kubelet reports pressure for a while after it has ended, five minutes by default.
    recovery_limit_seconds = 420

    def __init__(self) -> None:
        super().__init__()
        self._node: str | None = None

    async def inject(self, stage: Stage) -> None:
        node = self._node = await busiest_flows_node(stage)
        await stage.keep(Filled(record=new_record(stage.options.state), node=node))
        with ballast(node).open("wb") as file:
            found = os.fstatvfs(file.fileno())
            size = bytes_to_fill(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)
            # Blocks that are taken and never written: the disk of this machine does not see them.
            os.posix_fallocate(file.fileno(), 0, size)
        self.shows()
        self.notes.append(f"took {size / _GIB:.1f} GiB of the disk of {node}")
        await until(f"disk pressure on {node}", lambda: self._has_pressure(stage), _PRESSURE_SECONDS)

    async def lacks(self, stage: Stage) -> list[str]:
        return [f"{self._node} has disk pressure"] if await self._has_pressure(stage) else []

    async def _has_pressure(self, stage: Stage) -> bool:
        for node in await stage.nodes():
            if name_of(node) == self._node:
                conditions = {
                    condition["type"]: condition["status"] for condition in node["status"].get("conditions", [])
                }
                return conditions.get("DiskPressure") == "True"
        return False


def bytes_to_fill(free: int, total: int) -> int:
    """How much to take, so that little is left."""
    return max(1, free - int(total * _LEFT_FREE))
