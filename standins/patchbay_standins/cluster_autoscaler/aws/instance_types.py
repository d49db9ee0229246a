"""How large an instance type is."""

import re
from dataclasses import dataclass
from typing import Final

from patchbay_standins.cluster_autoscaler.aws.clients import Clients

_NAME: Final = re.compile(r"^(?P<series>[a-z]+)\d[a-z0-9-]*\.(?P<size>[a-z0-9]+)$")
# GiB of memory per virtual CPU; these three series keep to it in every generation.
_GIB_PER_CPU: Final = {"c": 2, "m": 4, "r": 8}
_CPUS: Final = {"medium": 1, "large": 2, "xlarge": 4}
# The burstable series has two CPUs up to large, and memory by size.
_BURSTABLE: Final = {"nano": 0.5, "micro": 1, "small": 2, "medium": 4, "large": 8, "xlarge": 16, "2xlarge": 32}
_MIB: Final = 1024 * 1024


class UnknownInstanceTypeError(LookupError):
    """Nothing tells the size of an instance type."""


@dataclass(frozen=True)
class Size:
    """Whole virtual CPUs, bytes of memory, GPUs."""

    cpus: int
    memory: int
    gpus: int = 0


class InstanceTypes:
    """Asks EC2 for each type once, or goes by the type's name (`--aws-use-static-instance-list`)."""

    def __init__(self, clients: Clients, *, static: bool) -> None:
        self._clients = clients
        self._static = static
        self._known: dict[str, Size] = {}

    def size(self, name: str) -> Size:
        if name not in self._known:
            self._known[name] = by_name(name) if self._static else self._asked(name)
        return self._known[name]

    def _asked(self, name: str) -> Size:
        described = self._clients.ec2.describe_instance_types(InstanceTypes=[name])["InstanceTypes"]
        if not described:
            raise UnknownInstanceTypeError(f"EC2 has no instance type {name} in this region")
        (found,) = described
        gpus = sum(gpu.get("Count", 0) for gpu in found.get("GpuInfo", {}).get("Gpus", ()))
        return Size(found["VCpuInfo"]["DefaultVCpus"], found["MemoryInfo"]["SizeInMiB"] * _MIB, gpus)


def by_name(name: str) -> Size:
    """The size of a type of the series c, m, r and t, whose names tell it."""
    parts = _NAME.match(name)
    series, size = (parts["series"], parts["size"]) if parts else ("", "")
    if series == "t" and size in _BURSTABLE:
        cpus = {"xlarge": 4, "2xlarge": 8}.get(size, 2)
        return Size(cpus, int(_BURSTABLE[size] * 1024) * _MIB)
    multiple = size.removesuffix("xlarge")
    cpus = _CPUS.get(size) or (4 * int(multiple) if multiple.isdigit() else 0)
    if series not in _GIB_PER_CPU or not cpus:
        raise UnknownInstanceTypeError(
            f"{name} is not on the static list: unset --aws-use-static-instance-list to ask EC2"
        )
    return Size(cpus, cpus * _GIB_PER_CPU[series] * 1024 * _MIB)
