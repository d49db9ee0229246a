"""What a node sees of its machine: as many processors and as much memory as its instance type has.

The node's init mounts these files over the kernel's own, in the node's mount namespace alone.
"""

from collections.abc import Mapping

from patchbay_local.kubernetes.cluster.spec import NodeSize

DIRECTORY = "machine"


def machine_files(size: NodeSize) -> Mapping[str, str]:
    """Text by path below `DIRECTORY`: `node/` for /sys/devices/system/node, `online` for .../cpu/online, `meminfo`."""
    kib = size.memory_mib * 1024
    processors = f"0-{size.cpus - 1}" if size.cpus > 1 else "0"
    files = {
        "online": f"{processors}\n",
        "meminfo": _table({"MemTotal": kib, "MemFree": kib, "MemAvailable": kib, "SwapTotal": 0, "SwapFree": 0}),
        "node/online": "0\n",
        "node/possible": "0\n",
        "node/has_cpu": "0\n",
        "node/has_memory": "0\n",
        "node/node0/cpulist": f"{processors}\n",
        "node/node0/distance": "10\n",
        "node/node0/meminfo": _table({"MemTotal": kib, "MemFree": kib}, prefix="Node 0 "),
    }
    for number in range(size.cpus):
        topology = f"node/node0/cpu{number}/topology"
        files[f"{topology}/core_id"] = f"{number}\n"
        files[f"{topology}/physical_package_id"] = "0\n"
    return files


def _table(kib: Mapping[str, int], prefix: str = "") -> str:
    return "".join(f"{prefix}{name + ':':<16}{value:>8} kB\n" for name, value in kib.items())
