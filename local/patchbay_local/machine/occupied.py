"""Which of the ports and address ranges that the environment needs are in use on this machine, and by what."""

import json
import shutil
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address
from pathlib import Path
from typing import Any, Final

import psutil

from patchbay_local.machine import addresses
from patchbay_local.machine.addresses import PortUse
from patchbay_local.machine.files import contents
from patchbay_local.machine.processes import TOKEN_VARIABLE
from patchbay_local.machine.programs import run

_LISTENED_AT: Final = frozenset(
    {
        *map(ip_address, ("127.0.0.1", "0.0.0.0", "::", "::1")),  # noqa: S104 - compared
        addresses.BRIDGE_ADDRESS,
        addresses.ELSEWHERE_ADDRESS,
    }
)
# Of routes that lead away from all machines nearby: the default one, and the halves that some VPNs set over it.
_DEFAULT_PREFIXES: Final = frozenset({0, 1})
# Of the second one where the first names a server on loopback that asks those of the second.
_RESOLVERS: Final = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))


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
    found = _listening(wanted)
    # Programs are looked for before ports: that of a port which was taken in between is seen at the next look only.
    if without := {port for port, pid in found if pid is None}:
        found = [(port, pid) for port, pid in _listening(wanted) if pid is not None or port in without]
    for port, pid in found:
        if port not in wanted:
            continue
        if pid is None:
            yield Listener(wanted.pop(port), "a program that is not seen from here")
        elif name := _foreign_program(pid):
            yield Listener(wanted.pop(port), f"{name} (pid {pid})")


def _listening(ports: Container[int]) -> list[tuple[int, int | None]]:
    """Each of the ports at which a program listens, with its pid where this machine knows it."""
    return [
        (connection.laddr.port, connection.pid)
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
        and connection.laddr
        and connection.laddr.port in ports
        and _plain(connection.laddr.ip) in _LISTENED_AT
    ]


def overlaps(ranges: Mapping[str, IPv4Network], resolvers: Iterable[Path] = _RESOLVERS) -> Iterator[Overlap]:
    """Routes, gateways and name servers of this machine in the ranges, by the setting of each, but for our own.

    A gateway or a name server in a range is fatal also behind a wider route: the machine would be cut off.
    """
    needed = [(server, f"the name server {server} of {file}") for file, server in _name_servers(resolvers)]
    # Without `ip` nothing has been set up by it either.
    for route in _routes() if shutil.which("ip") else []:
        destination = IPv4Network("0.0.0.0/0" if route["dst"] == "default" else route["dst"])
        if _is_ours(route, destination, ranges):
            continue
        needed += [(gateway, f"the gateway of {_told(route)}") for gateway in _gateways(route)]
        if destination.prefixlen in _DEFAULT_PREFIXES:
            continue
        for setting, network in ranges.items():
            if destination.overlaps(network):
                wider = destination.prefixlen < network.prefixlen
                yield Overlap(setting, network, _told(route), fatal=not wider)
    for address, told in needed:
        for setting, network in ranges.items():
            if address in network:
                yield Overlap(setting, network, told, fatal=True)


def _routes() -> list[dict[str, Any]]:
    routes: list[dict[str, Any]] = json.loads(run(["ip", "-4", "-json", "route", "show", "table", "all"]))
    return routes


def _gateways(route: Mapping[str, Any]) -> list[IPv4Address]:
    hops = [route, *route.get("nexthops", [])]
    return [IPv4Address(hop["gateway"]) for hop in hops if "gateway" in hop]


def _name_servers(resolvers: Iterable[Path]) -> Iterator[tuple[Path, IPv4Address]]:
    for file, text in contents(resolvers):
        for words in (line.split() for line in text.decode(errors="replace").splitlines()):
            if words[:1] == ["nameserver"] and isinstance(server := _plain("".join(words[1:2])), IPv4Address):
                yield file, server


def _plain(text: str) -> IPv4Address | IPv6Address | None:
    """The address; as one of IPv4 where it is one that is written as one of IPv6 (::ffff:127.0.0.1)."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


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
