"""Instance types: what they offer to pods, and what they cost."""

import datetime
import math
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Annotated, Final

from patchbay_runtime.quantity import mebibytes, millicores
from pydantic import Field

from patchbay_operations.capacity.resources import Quantity, Resources
from patchbay_operations.capacity.simulation.setting import Capacity
from patchbay_operations.inputs import Input, InputError, read_yaml, validated

TABLE: Final = Path(__file__).parent / "native" / "machines.yaml"
# Addresses in a prefix, and pods on the node's own network, which need none.
_PREFIX: Final = 16
_ON_HOST_NETWORK: Final = 2
# (up to this many vCPUs, EKS' limit of a managed node's pods)
_FEW_VCPUS: Final = 29
_MOST_OF_FEW, _MOST_OF_MANY = 110, 250
# What nodes on one machine are given, whose own daemons are not counted against them.
_EMULATED_PLACES: Final = 110
# (up to this many thousandths of a core, the share of them that EKS' nodes keep for themselves)
_RESERVED_CPU: Final = ((1000, 0.06), (2000, 0.01), (4000, 0.005), (math.inf, 0.0025))
# MiB that EKS' nodes keep: a base, something for each single address (nodeadm goes by those whatever `maxPods` says:
# `withDefaultReservedResources`), and what is free before pods are evicted.
_RESERVED_MEMORY: Final = (255, 11, 100)


class Size(Input):
    """One instance type. `max_pods`: by its interfaces' single addresses, as AWS' table has it."""

    vcpu: Annotated[int, Field(ge=1)]
    memory_gib: Annotated[float, Field(gt=0)]
    max_pods: Annotated[int, Field(ge=4)]

    @property
    def places(self) -> int:
        """Pods with prefixes of addresses, as the environments' nodes have them, within EKS' limits."""
        addressed = (self.max_pods - _ON_HOST_NETWORK) * _PREFIX + _ON_HOST_NETWORK
        return min(addressed, _MOST_OF_FEW if self.vcpu <= _FEW_VCPUS else _MOST_OF_MANY)


class Sizes(Input):
    """`source`, `date`: where the figures are from, and when."""

    source: str
    date: datetime.date
    types: Mapping[str, Size]


class Daemons(Input):
    """What the pods that run on every node request together."""

    cpu: Quantity
    memory: Quantity
    pods: Annotated[int, Field(ge=0)]


class Prices(Input):
    """`per_hour`: by region and instance type, on demand; `spot_share`: what a spot node costs of that."""

    source: str
    date: datetime.date
    currency: str
    spot_share: Annotated[float, Field(gt=0, le=1)]
    per_hour: Mapping[str, Mapping[str, Annotated[float, Field(gt=0)]]]


class OwnPrices(Input):
    """What an environment pays by its own contract; what it leaves out is the table's. In the table's currency."""

    source: str
    date: datetime.date
    spot_share: Annotated[float, Field(gt=0, le=1)] | None = None
    per_hour: Mapping[str, Mapping[str, Annotated[float, Field(gt=0)]]]


class Machines(Input):
    """The table."""

    sizes: Sizes
    daemons: Daemons
    agent: Daemons
    prices: Prices

    def at(self, own: OwnPrices) -> "Machines":
        """The same machines at other prices; the source names both."""
        table = self.prices
        merged = {
            region: {**table.per_hour.get(region, {}), **own.per_hour.get(region, {})}
            for region in {**table.per_hour, **own.per_hour}
        }
        prices = table.model_copy(
            update={
                "source": f"{own.source}, {own.date}; otherwise {table.source}",
                "spot_share": own.spot_share or table.spot_share,
                "per_hour": merged,
            }
        )
        return self.model_copy(update={"prices": prices})

    def allocatable(
        self, instance_type: str, *, emulated: bool, max_pods: int | None = None, watched: bool = False
    ) -> Resources:
        """What workers may request of one node. `max_pods`: the group's own, if it has one.

        `watched`: whether an agent of the account's threat detection runs on it. `emulated`: a node of the one-machine
        environment, all for pods.
        """
        size = self.sizes.types.get(instance_type)
        if size is None:
            raise InputError(
                f"no size of instance type {instance_type}; "
                "add it to sizes.types of a copy of the table and name that with --machines"
            )
        cpu, memory = size.vcpu * 1000, round(size.memory_gib * 1024)
        if emulated:
            return Resources(cpu, memory, _EMULATED_PLACES)
        base, per_place, eviction = _RESERVED_MEMORY
        running = (self.daemons, self.agent) if watched else (self.daemons,)
        return Resources(
            cpu=cpu - _reserved_cpu(cpu) - sum(millicores(one.cpu) for one in running),
            memory=memory - base - per_place * size.max_pods - eviction - sum(mebibytes(one.memory) for one in running),
            pods=min(size.places, max_pods or size.places) - sum(one.pods for one in running),
        )

    def usd_per_hour(self, instance_types: tuple[str, ...], region: str, capacity: Capacity) -> float:
        """On demand the first type is taken, the group's first choice; on the spot market the mean of all is."""
        prices = [self._price(name, region) for name in instance_types]
        return prices[0] if capacity == "on-demand" else fmean(prices) * self.prices.spot_share

    def _price(self, instance_type: str, region: str) -> float:
        price = self.prices.per_hour.get(region, {}).get(instance_type)
        if price is None:
            raise InputError(
                f"no price of {instance_type} in {region}; "
                f"add it to perHour.{region} of a file of your own prices and name that with --prices"
            )
        return price


def load_machines(path: Path | None, own_prices: Path | None = None) -> Machines:
    """The table of the file, or the one that comes along; with the environment's own prices, if it has any."""
    source = path or TABLE
    machines = validated(Machines, read_yaml(source), source=str(source))
    if own_prices is None:
        return machines
    return machines.at(validated(OwnPrices, read_yaml(own_prices), source=str(own_prices)))


def _reserved_cpu(cpu: int) -> int:
    reserved, below = 0.0, 0.0
    for upper, share in _RESERVED_CPU:
        reserved += max(min(cpu, upper) - below, 0) * share
        below = upper
    return round(reserved)
