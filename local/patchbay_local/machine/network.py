"""The bridge that joins the nodes to the host, its routes and its packet filter."""

import json
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from patchbay_local.machine import addresses, firewall
from patchbay_local.machine.changes import Link, NftTable, Route
from patchbay_local.machine.journal import Journal
from patchbay_local.machine.programs import run, succeeds

SCOPE = "network"
_TABLE_FAMILY = "inet"
_TABLE = "patchbay"


def ensure_bridge(journal: Journal) -> list[str]:
    """The bridge with its address, forwarding, and the filter that keeps other machines out. Safe to repeat.

    Returns the chains of other firewalls that let the bridge's traffic through by rules of ours.
    """
    journal.set_sysctl(SCOPE, "net/ipv4/ip_forward", "1")
    _ensure_filter(journal)
    if not Path("/sys/class/net", addresses.BRIDGE).exists():
        journal.record(SCOPE, Link(name=addresses.BRIDGE))
        run(["ip", "link", "add", addresses.BRIDGE, "type", "bridge", "forward_delay", "0", "stp_state", "0"])
    run(
        [
            "ip",
            "address",
            "replace",
            f"{addresses.BRIDGE_ADDRESS}/{addresses.BRIDGE_NETWORK.prefixlen}",
            "dev",
            addresses.BRIDGE,
        ]
    )
    run(["ip", "address", "replace", f"{addresses.ELSEWHERE_ADDRESS}/32", "dev", addresses.BRIDGE])
    run(["ip", "link", "set", addresses.BRIDGE, "up"])
    # Nodes reach each other's pods through the host by intention; the kernel sends redirects if either setting is on.
    for interface in ("all", addresses.BRIDGE):
        journal.set_sysctl(SCOPE, f"net/ipv4/conf/{interface}/send_redirects", "0")
    for network in (addresses.POD_NETWORK, addresses.SERVICE_NETWORK):
        # What belongs to no node must not leave by the machine's default route.
        _ensure_route(journal, network, ["unreachable", str(network)])
    return firewall.ensure(journal, SCOPE)


def ensure_pod_route(journal: Journal, scope: str, pods: IPv4Network, node: IPv4Address) -> None:
    """Pods of a node are reached through the node."""
    journal.record(scope, Route(destination=str(pods)))
    run(["ip", "route", "replace", str(pods), "via", str(node), "dev", addresses.BRIDGE])


def connect(journal: Journal, scope: str, link: str, pid: int, hardware_address: str) -> None:
    """A cable from the bridge to `eth0`, of this hardware address, in the network namespace of the process."""
    if not Path("/sys/class/net", link).exists():
        journal.record(scope, Link(name=link))
        peer = ["peer", "name", "eth0", "address", hardware_address, "netns", str(pid)]
        run(["ip", "link", "add", link, "master", addresses.BRIDGE, "type", "veth", *peer])
    run(["ip", "link", "set", link, "up"])


def disconnect(link: str) -> None:
    """Nothing happens where the cable is gone."""
    succeeds(["ip", "link", "delete", link])


def upstream_nameservers(resolv_conf: str) -> tuple[IPv4Address, ...]:
    """IPv4 name servers that pods can reach: loopback ones are left out."""
    found = []
    for line in resolv_conf.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            try:
                address = IPv4Address(words[1])
            except ValueError:
                continue
            if not address.is_loopback:
                found.append(address)
    return tuple(found)


def host_nameservers() -> tuple[IPv4Address, ...]:
    """What the host asks, also where systemd-resolved stands before it."""
    for path in (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf")):
        if path.exists() and (found := upstream_nameservers(path.read_text(encoding="utf-8"))):
            return found
    return ()


def _ensure_route(journal: Journal, destination: IPv4Network, route: Sequence[str]) -> None:
    if not json.loads(run(["ip", "-json", "route", "show", "exact", str(destination)])):
        journal.record(SCOPE, Route(destination=str(destination)))
        run(["ip", "route", "add", *route])


def _ensure_filter(journal: Journal) -> None:
    journal.record(SCOPE, NftTable(family=_TABLE_FAMILY, name=_TABLE))
    bridge = f"{{ {addresses.BRIDGE_ADDRESS}, {addresses.ELSEWHERE_ADDRESS} }}"
    inside = f"{{ {addresses.BRIDGE_NETWORK}, {addresses.POD_NETWORK}, {addresses.SERVICE_NETWORK} }}"
    run(
        ["nft", "-f", "-"],
        stdin=f"""
table {_TABLE_FAMILY} {_TABLE}
delete table {_TABLE_FAMILY} {_TABLE}
table {_TABLE_FAMILY} {_TABLE} {{
  # Only this machine and its nodes reach the services on the bridge's addresses.
  chain input {{
    type filter hook input priority filter; policy accept;
    ip daddr {bridge} iifname != {{ "lo", "{addresses.BRIDGE}" }} drop
  }}
  # Only answers come in from outside.
  chain forward {{
    type filter hook forward priority filter; policy accept;
    oifname "{addresses.BRIDGE}" iifname != "{addresses.BRIDGE}" ct state new drop
    iifname "{addresses.BRIDGE}" oifname != "{addresses.BRIDGE}" ip saddr != {inside} drop
  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr {inside} ip daddr != {inside} oifname != {{ "lo", "{addresses.BRIDGE}" }} masquerade
  }}
  # The API server listens on the bridge's address alone; this machine also finds it on loopback.
  chain output {{
    type nat hook output priority -100; policy accept;
    ip daddr 127.0.0.1 tcp dport {addresses.API_SERVER_PORT} dnat ip to {addresses.BRIDGE_ADDRESS}
  }}
}}
""",
    )
