"""The node groups of a stack at their largest."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from patchbay_operations.access import Access
from patchbay_operations.bootstrap.stack_file import Cluster, Infra, Nodes
from patchbay_operations.capacity.machines import load_machines

# EC2 counts these families together; the rest have quotas of their own. Source: EC2 User Guide, "On-Demand Instance
# quotas", and "Spot Instance quotas".
_STANDARD: Final = re.compile(r"^(?!inf\d|trn\d|dl\d|hpc\d|mac)[acdhimrtz]")
# EKS User Guide, "Understand each phase of node updates".
_MOST_REPLACED: Final = 100
_NEW_IN_EACH_ZONE: Final = 2


@dataclass(frozen=True)
class Group:
    """`zones`: how many it spreads over. `labels`: those that the platform's placement goes by."""

    cluster: str
    field: str
    capacity: Literal["on-demand", "spot"]
    nodes: Nodes
    zones: int
    labels: Mapping[str, str]

    @property
    def largest(self) -> int:
        """Nodes while the largest group is updated: EKS starts the new ones first."""
        replaced = math.ceil(self.nodes.max_size * self.nodes.max_unavailable_percentage / 100)
        return self.nodes.max_size + max(_NEW_IN_EACH_ZONE * self.zones, min(replaced, _MOST_REPLACED))

    @property
    def standard(self) -> bool:
        """Whether all its types are of the families that EC2 counts together."""
        return all(_STANDARD.match(name) for name in self.nodes.instance_types)


def groups(infra: Infra) -> list[Group]:
    """All groups of all clusters; one for each zone where they are zonal."""
    return [group for name, cluster in infra.clusters.items() for group in _of(name, cluster, len(infra.zones))]


def _of(name: str, cluster: Cluster, zones: int) -> Iterator[Group]:
    field, flows = f"clusters.{name}", cluster.flows
    yield Group(name, f"{field}.system", "on-demand", cluster.system, zones, _labels("system", "on-demand"))
    spreads = [1] * zones if flows.zonal else [zones]
    for spread in spreads:
        yield Group(
            name, f"{field}.flows.onDemand", "on-demand", flows.on_demand, spread, _labels("flows", "on-demand")
        )
        if flows.spot is not None:
            yield Group(name, f"{field}.flows.spot", "spot", flows.spot, spread, _labels("flows", "spot"))


def _labels(pool: str, capacity: str) -> Mapping[str, str]:
    return {"patchbay.dev/pool": pool, "patchbay.dev/capacity": capacity}


def cores(access: Access, types: set[str]) -> Callable[[str], int]:
    """vCPUs of an instance type: from the capacity plan's table, and for what that does not hold from EC2."""
    sizes = load_machines(None).sizes.types
    known = {name: sizes[name].vcpu for name in types if name in sizes}
    if unknown := sorted(types - set(known)):
        for described in access.client("ec2").describe_instance_types(InstanceTypes=unknown)["InstanceTypes"]:
            known[str(described["InstanceType"])] = int(described["VCpuInfo"]["DefaultVCpus"])
    return known.__getitem__
