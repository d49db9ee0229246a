"""The network of an environment, and what may talk to what, as SVG."""

import zlib
from collections.abc import Iterable, Mapping
from typing import Final
from xml.etree import ElementTree as Xml

from patchbay_operations.network import ports
from patchbay_operations.network.model import Kind, Vpc
from patchbay_operations.network.reachability import Reach
from patchbay_operations.report.layout import Box, Layout, layout

_COLOURS: Final[Mapping[str, str]] = {
    "public": "#fff4e0",
    "private": "#e8f1fb",
    "data": "#e9f6ec",
    Kind.INTERNET: "#444444",
    Kind.LOAD_BALANCER: "#c76a00",
    Kind.VPN: "#8a5a9e",
    Kind.CONTROL_PLANE: "#31629c",
    Kind.NODES: "#2f7fbf",
    Kind.ENDPOINT: "#6b7c93",
    Kind.DATABASE: "#2e7d4f",
    Kind.CACHE: "#3b8f5d",
    Kind.SEARCH: "#4aa06c",
}
_SMALL: Final = {"font-size": "11", "font-family": "sans-serif"}


def draw(vpc: Vpc, reaches: Iterable[Reach]) -> str:
    """An SVG document."""
    plan = layout(vpc)
    size = {"width": f"{plan.width:.0f}", "height": f"{plan.height:.0f}"}
    root = Xml.Element(
        "svg", {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {plan.width} {plan.height}", **size}
    )
    Xml.SubElement(root, "rect", {"width": "100%", "height": "100%", "fill": "white"})
    for zone, x in plan.zones.items():
        _text(root, zone, x + 12, 96, {"fill": "#555555", "font-weight": "bold"})
    for subnet in plan.subnets:
        _rectangle(root, subnet, _COLOURS[subnet.kind], {"stroke": "#c8c8c8"})
        _text(root, subnet.label, subnet.x + 10, subnet.y + 20, {"fill": "#555555"})
    for (source, target), label in _arrows(plan, reaches).items():
        _arrow(root, source, target, label)
    for box in dict.fromkeys(plan.actors.values()):
        _rectangle(root, box, _COLOURS[box.kind], {"rx": "5"})
        _text(root, _fitting(box), box.x + 8, box.y + 21, {"fill": "white"})
    return Xml.tostring(root, encoding="unicode")


def _arrows(plan: Layout, reaches: Iterable[Reach]) -> dict[tuple[Box, Box], str]:
    """One arrow between two boxes, with the TCP ports that are open between anything in them."""
    found: dict[tuple[Box, Box], ports.Ports] = {}
    for reach in reaches:
        source, target = plan.actors.get(reach.source), plan.actors.get(reach.target)
        if source and target and source != target and reach.protocol == "tcp":
            found[source, target] = ports.union(found.get((source, target), ports.NONE), reach.ports)
    return {pair: ports.text(opened) for pair, opened in found.items()}


def _arrow(root: Xml.Element, source: Box, target: Box, label: str) -> None:
    (x1, y1), (x2, y2) = source.middle, target.middle
    # Spread along the boxes' edges, so that arrows between the same rows do not cover each other.
    shift = (zlib.crc32(f"{source.label} {target.label}".encode()) % 17 - 8) / 18
    x1, x2 = x1 + shift * source.width, x2 + shift * target.width
    y1, y2 = (source.y + source.height, target.y) if y2 > y1 else (source.y, target.y + target.height)
    bend = (y1 + y2) / 2
    path = f"M{x1:.0f},{y1:.0f} C{x1:.0f},{bend:.0f} {x2:.0f},{bend:.0f} {x2:.0f},{y2:.0f}"
    line = Xml.SubElement(root, "path", {"d": path, "fill": "none", "stroke": "#777777", "stroke-width": "1.2"})
    Xml.SubElement(line, "title").text = f"{source.label} to {target.label}: {label}"
    _text(root, label, (x1 + x2) / 2 + 3, bend, {"fill": "#333333"})
    Xml.SubElement(root, "circle", {"cx": f"{x2:.0f}", "cy": f"{y2:.0f}", "r": "3", "fill": "#777777"})


def _rectangle(root: Xml.Element, box: Box, colour: str, style: Mapping[str, str]) -> None:
    place = {"x": box.x, "y": box.y, "width": box.width, "height": box.height}
    attributes = {name: f"{value:.0f}" for name, value in place.items()}
    element = Xml.SubElement(root, "rect", {**attributes, "fill": colour, **style})
    Xml.SubElement(element, "title").text = box.label


def _text(root: Xml.Element, content: str, x: float, y: float, style: Mapping[str, str]) -> None:
    Xml.SubElement(root, "text", {"x": f"{x:.0f}", "y": f"{y:.0f}", **_SMALL, **style}).text = content


def _fitting(box: Box) -> str:
    """The label, cut where it would leave its box; the whole of it is shown on hovering."""
    room = int(box.width / 6.2)
    return box.label if len(box.label) <= room else f"{box.label[: room - 1]}…"
