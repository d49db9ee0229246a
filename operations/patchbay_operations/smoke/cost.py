"""The most that a run may cost: everything of the stack at its largest, for as long as the run may take."""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from patchbay_operations.bootstrap.stack_file import Nodes
from patchbay_operations.capacity.machines import Machines
from patchbay_operations.inputs import Input, InputError, read_yaml, validated
from patchbay_operations.smoke.stack_file import Infra

TABLE: Final = Path(__file__).parent / "native" / "prices.yaml"
_HOURS_OF_A_MONTH: Final = 730
# infra/patchbay_infra/encryption makes one for data, secrets, logs and clusters each; the fifth is the state's.
_KEYS: Final = 5

Usd = Annotated[float, Field(ge=0)]


class RegionPrices(Input):
    """US dollars by the hour; `database_gib`, `volume_gib` and `key` by the month."""

    control_plane: Usd
    nat_gateway: Usd
    public_address: Usd
    interface_endpoint: Usd
    load_balancer: Usd
    web_firewall: Usd
    vpn_association: Usd
    traffic: Usd
    database_gib: Usd
    volume_gib: Usd
    key: Usd
    classes: Mapping[str, Usd]


class Prices(Input):
    """The table. `source`, `date`: where the figures are from, and when."""

    source: str
    date: datetime.date
    regions: Mapping[str, RegionPrices]


@dataclass(frozen=True)
class Line:
    """So many of one thing, US dollars by the hour all together."""

    what: str
    number: float
    usd_per_hour: float


@dataclass(frozen=True)
class Ceiling:
    """`usd`: of `hours` with every line at its largest."""

    lines: tuple[Line, ...]
    hours: float

    @property
    def usd_per_hour(self) -> float:
        return sum(line.usd_per_hour for line in self.lines)

    @property
    def usd(self) -> float:
        return self.usd_per_hour * self.hours


def load_prices(path: Path | None) -> Prices:
    """The table of the file, or the one that comes along."""
    source = path or TABLE
    return validated(Prices, read_yaml(source), source=str(source))


def ceiling(infra: Infra, machines: Machines, prices: Prices, *, hours: float) -> Ceiling:
    """InputError where the tables have no price of something that the stack has."""
    region = prices.regions.get(infra.aws.region)
    if region is None:
        raise InputError(
            f"no prices of {infra.aws.region}; add regions.{infra.aws.region} to a copy of {TABLE.name} and name that "
            "with --prices"
        )
    return Ceiling(tuple(_lines(infra, machines, region)), hours)


def _lines(infra: Infra, machines: Machines, prices: RegionPrices) -> Iterator[Line]:
    zones, clusters = len(infra.zones), len(infra.clusters)
    gateways = zones if infra.network.nat_per_zone else 1
    yield _line("EKS control planes", clusters, prices.control_plane)
    for name, cluster in infra.clusters.items():
        flows, places = cluster.flows, zones if cluster.flows.zonal else 1
        groups = [("system", cluster.system, 1), ("flows.onDemand", flows.on_demand, places)]
        if flows.spot:
            groups.append(("flows.spot", flows.spot, places))
        for group, nodes, number in groups:
            yield from _nodes(f"{name}.{group}", nodes, places=number, infra=infra, machines=machines, prices=prices)
    yield _line("NAT gateways", gateways, prices.nat_gateway)
    yield _line("public addresses", gateways + zones, prices.public_address)
    yield _line("interface endpoints, by zone", infra.network.endpoints * zones, prices.interface_endpoint)
    databases = infra.databases
    for what, copy in (("write", databases.write), ("read", databases.read)):
        # The read copy has no standby.
        number = 2 if what == "write" and copy.multi_az else 1
        yield _line(f"{what} copy, {copy.instance_class}", number, _class(copy.instance_class, prices))
        yield _line(f"{what} copy, GiB", number * databases.storage_limit_gib, prices.database_gib / _HOURS_OF_A_MONTH)
    cache = infra.cache
    yield _line(f"cache nodes, {cache.node_type}", clusters * cache.nodes, _class(cache.node_type, prices))
    search = infra.search
    yield _line(f"search, {search.instance_type}", search.instance_count, _class(search.instance_type, prices))
    yield _line("search, GiB", search.instance_count * search.volume_gib, prices.volume_gib / _HOURS_OF_A_MONTH)
    if masters := search.dedicated_masters:
        yield _line(f"search masters, {masters.instance_type}", masters.count, _class(masters.instance_type, prices))
    yield _line("load balancer", 1, prices.load_balancer)
    yield _line("web firewall", 1, prices.web_firewall)
    yield _line("keys", _KEYS, prices.key / _HOURS_OF_A_MONTH)
    if infra.vpn:
        yield _line("client VPN, by zone", zones, prices.vpn_association)
    yield _line("traffic, requests and logs", 1, prices.traffic)


def _nodes(
    name: str, nodes: Nodes, *, places: int, infra: Infra, machines: Machines, prices: RegionPrices
) -> Iterator[Line]:
    """At its largest, of its dearest type. Spot counts as on demand, whose price caps it."""
    number = nodes.max_size * places
    types = (machines.usd_per_hour((one,), infra.aws.region, "on-demand") for one in nodes.instance_types)
    yield _line(f"nodes of {name}", number, max(types))
    yield _line(f"disks of {name}, GiB", number * nodes.disk_gib, prices.volume_gib / _HOURS_OF_A_MONTH)


def _line(what: str, number: float, each: float) -> Line:
    return Line(what, number, number * each)


def _class(name: str, prices: RegionPrices) -> float:
    price = prices.classes.get(name)
    if price is None:
        raise InputError(f"no price of {name}; add it to classes of a copy of {TABLE.name} and name that with --prices")
    return price
