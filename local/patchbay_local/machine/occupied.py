"""Which of the ports and address ranges that the environment needs are in use on this machine, and by what."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, Final

import psutil

from patchbay_local.machine import addresses
from patchbay_local.machine.addresses import PortUse
from patchbay_local.machine.processes import TOKEN_VARIABLE
from patchbay_local.machine.programs import run

_LISTENED_AT: Final = frozenset(
    {"127.0.0.1", "0.0.0.0", "::", "::1", str(addresses.BRIDGE_ADDRESS)}  # noqa: S104 - compared
)
# Of routes that lead away from all machines nearby: the default one, and the halves that some VPNs set over it.
_DEFAULT_PREFIXES: Final = frozenset({0, 1})


@dataclass(frozen=True)
class Listener:
    """A needed port in use; the program is named with its pid where this machine knows it."""

    use: PortUse
    program: str


@dataclass(frozen=True)
class Overlap:
    """A needed range, and what of this machine is in it.

    Not fatal where that is a wider route: only the addresses of our range behind it are out of reach then.
    """

    setting: str
    network: IPv4Network
    found: str
    fatal: bool


def listeners(uses: Iterable[PortUse]) -> Iterator[Listener]:
    """Ports at which a program listens that is not the environment's own."""
    wanted = {use.port: use for use in uses}
    for connection in psutil.net_connections("tcp"):
        if connection.status != psutil.CONN_LISTEN or not connection.laddr:
            continue
        address, port = connection.laddr
        if port not in wanted or address not in _LISTENED_AT:
            continue
        if connection.pid is None:
            yield Listener(wanted.pop(port), "a program that is not seen from here")
        elif name := _foreign_program(connection.pid):
            yield Listener(wanted.pop(port), f"{name} (pid {connection.pid})")


def overlaps(ranges: Mapping[str, IPv4Network]) -> Iterator[Overlap]:
    """Routes of this machine into the ranges, by the setting of each, but for the environment's own."""
    if shutil.which("ip") is None:
        return  # Neither has it been used to set anything up.
    routes: list[dict[str, Any]] = json.loads(run(["ip", "-4", "-json", "route", "show", "table", "all"]))
    for route in routes:
        destination = IPv4Network("0.0.0.0/0" if route["dst"] == "default" else route["dst"])
        if destination.prefixlen in _DEFAULT_PREFIXES or _is_ours(route, destination, ranges):
            continue
        for setting, network in ranges.items():
            if destination.overlaps(network):
                wider = destination.prefixlen < network.prefixlen
                yield Overlap(setting, network, _told(route), fatal=not wider)


def _is_ours(route: Mapping[str, Any], destination: IPv4Network, ranges: Mapping[str, IPv4Network]) -> bool:
    if route.get("dev") == addresses.BRIDGE:
        return True
    return route.get("type") == "unreachable" and destination in ranges.values()


def _told(route: Mapping[str, Any]) -> str:
    kind = "address" if route.get("type") == "local" else "route"
    by = f" via {route['gateway']}" if "gateway" in route else ""
    on = f" dev {route['dev']}" if "dev" in route else ""
    return f"the {kind} {route['dst']}{by}{on}"


def _foreign_program(pid: int) -> str | None:
    """Its name; None for one of the environment's, and for one that has ended meanwhile."""
    try:
        if f"{TOKEN_VARIABLE}=".encode() in Path(f"/proc/{pid}/environ").read_bytes():
            return None
        return psutil.Process(pid).name()
    except (OSError, psutil.NoSuchProcess):
        return None
