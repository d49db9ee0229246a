"""Where everything stands in the drawing of a network: zones are columns, tiers are rows."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from patchbay_operations.network.model import DATA, Actor, Kind, Vpc
from patchbay_operations.network.reachability import INTERNET

TIERS: Final = ("public", "private", "data")
COLUMN: Final = 300
MARGIN: Final = 24
_BOX: Final = 34
_GAP: Final = 16
_HEAD: Final = 46
_TOP: Final = 110


@dataclass(frozen=True)
class Box:
    """A rectangle, in pixels."""

    label: str
    kind: str
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True)
class Layout:
    """`subnets` are drawn behind `actors`."""

    width: float
    height: float
    zones: Mapping[str, float]
    subnets: tuple[Box, ...]
    actors: Mapping[Actor, Box]


def layout(vpc: Vpc) -> Layout:
    """Boxes for the VPC's subnets and for everything in them."""
    zones = sorted({subnet.zone for subnet in vpc.subnets.values()})
    columns = {zone: MARGIN + number * COLUMN for number, zone in enumerate(zones)}
    width = 2 * MARGIN + COLUMN * len(zones)
    actors = {INTERNET: Box("internet", Kind.INTERNET, width / 2 - 70, 20, 140, _BOX)}
    subnets: list[Box] = []
    y: float = _TOP
    for tier in TIERS:
        inside = list(_grouped(actor for actor in vpc.actors if _tier(vpc, actor) == tier))
        height = _HEAD + len(inside) * (_BOX + _GAP) + _GAP
        for subnet in vpc.subnets.values():
            if subnet.tier == tier:
                label = f"{tier} {subnet.network}"
                subnets.append(Box(label, tier, columns[subnet.zone] + 6, y, COLUMN - 12, height))
        for number, (label, members) in enumerate(inside):
            covered = sorted(columns[vpc.subnets[name].zone] for actor in members for name in actor.subnets)
            x, right = covered[0] + 20, covered[-1] + COLUMN - 20
            box = Box(label, members[0].kind, x, y + _HEAD + number * (_BOX + _GAP), right - x, _BOX)
            actors |= dict.fromkeys(members, box)
        y += height + 40
    return Layout(width, y, columns, tuple(subnets), actors)


def _tier(vpc: Vpc, actor: Actor) -> str:
    return vpc.subnets[actor.subnets[0]].tier if actor.subnets else ""


def _grouped(actors: Iterable[Actor]) -> Iterator[tuple[str, list[Actor]]]:
    """A cluster's nodes share a box, and so do the interface endpoints, as they share their rules."""
    order = [Kind.LOAD_BALANCER, Kind.VPN, Kind.CONTROL_PLANE, Kind.NODES, Kind.ENDPOINT, *sorted(DATA)]
    together: dict[str, list[Actor]] = {}
    for actor in sorted(actors, key=lambda item: (order.index(item.kind), item.name)):
        together.setdefault(_box(actor), []).append(actor)
    for label, members in together.items():
        names = ", ".join(actor.name for actor in members) if members[0].kind is Kind.ENDPOINT else ""
        yield f"{label}{names}", members


def _box(actor: Actor) -> str:
    if actor.kind is Kind.ENDPOINT:
        return "interface endpoints: "
    name = actor.name.partition("/")[0] if actor.kind is Kind.NODES else actor.name
    return f"{actor.kind}: {name}"
