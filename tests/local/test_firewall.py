"""Other firewalls of the machine drop what they forward: our nodes' packets pass all the same, and all is put back.

In network namespaces of the tests' own: a machine, a node at its bridge, and a network outside.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

LISTEN = (
    "import socket, sys\n"
    "server = socket.create_server((sys.argv[1], int(sys.argv[2])))\n"
    "print('listening', flush=True)\n"
    "while True: server.accept()[0].close()"
)
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=float(sys.argv[3]))"
JOURNAL = (
    "import sys; from pathlib import Path; from patchbay_local.machine import network;"
    "from patchbay_local.machine.journal import Journal; journal = Journal(Path(sys.argv[1]))\n"
)
BRIDGE, NODE, OUTSIDE = "10.89.0.1", "10.89.0.20", "192.0.2.2"
DOCKER = """
iptables-nft -P FORWARD DROP
iptables-nft -N DOCKER-USER
iptables-nft -A FORWARD -j DOCKER-USER
iptables-nft -A FORWARD -i docker0 -j ACCEPT
"""
LEGACY = DOCKER.replace("iptables-nft", "iptables-legacy")
UFW = """
iptables-nft -P INPUT DROP
iptables-nft -P FORWARD DROP
iptables-nft -N ufw-user-input
iptables-nft -A INPUT -i lo -j ACCEPT
iptables-nft -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables-nft -A INPUT -j ufw-user-input
"""
FIREWALLD = """
nft -f - <<'RULES'
table inet firewalld {
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    iifname "lo" accept
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    reject with icmpx admin-prohibited
  }
}
RULES
"""
# In a table that is named like iptables' own, as in the examples of nftables.
NATIVE = """
nft -f - <<'RULES'
table ip filter {
  chain input {
    type filter hook input priority 0; policy drop;
    iifname "lo" accept
    ct state { established, related } accept
  }
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state { established, related } accept
  }
}
RULES
"""
# iptables cannot read such rules.
NATIVE_CAPITALS = NATIVE.replace("chain input", "chain INPUT").replace("chain forward", "chain FORWARD")
FIREWALLS = {
    "Docker": DOCKER,
    "Docker, legacy tables": LEGACY,
    "ufw": UFW,
    "firewalld": FIREWALLD,
    "nftables": NATIVE,
    "nftables, capitals": NATIVE_CAPITALS,
    "nftables and Docker": NATIVE + DOCKER,
}


def must(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def ip(namespace: str, command: str) -> None:
    must("ip", "-n", namespace, *command.split())


@dataclass(frozen=True)
class Machine:
    """A machine's network, with the namespaces of a node at its bridge and of a network outside."""

    name: str
    node: str
    outside: str
    journal: Path

    def shell(self, script: str) -> str:
        return must("ip", "netns", "exec", self.name, "sh", "-ec", script)

    def python(self, script: str) -> str:
        return must("ip", "netns", "exec", self.name, sys.executable, "-c", JOURNAL + script, str(self.journal))

    def up(self) -> list[str]:
        """Our bridge; returns the chains that were told."""
        return self.python("for chain in network.ensure_bridge(journal): print(chain)").splitlines()

    def down(self) -> None:
        self.python("journal.undo()")

    def rules(self) -> list[str]:
        """All rules of this machine, without counts."""
        legacy = "if grep -qs filter /proc/net/ip_tables_names; then iptables-legacy -S; fi"
        return self.shell(f"nft --stateless list ruleset; {legacy}").splitlines()

    def connects(self, source: str, address: str, port: int, seconds: float) -> bool:
        command = ["ip", "netns", "exec", source, sys.executable, "-c", CONNECT, address, str(port), str(seconds)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    @contextmanager
    def listening(self, namespace: str, address: str, port: int) -> Iterator[None]:
        command = ["ip", "netns", "exec", namespace, sys.executable, "-c", LISTEN, address, str(port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "listening\n"
            try:
                yield
            finally:
                process.kill()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    prefix = f"patchbay-test-{os.getpid()}"
    made = Machine(f"{prefix}-machine", f"{prefix}-node", f"{prefix}-outside", tmp_path / "journal.jsonl")
    names = (made.name, made.node, made.outside)
    try:
        for name in names:
            must("ip", "netns", "add", name)
            ip(name, "link set lo up")
        ip(made.name, f"link add out type veth peer name eth0 netns {made.outside}")
        ip(made.name, "address add 192.0.2.1/24 dev out")
        ip(made.name, "link set out up")
        ip(made.outside, f"address add {OUTSIDE}/24 dev eth0")
        ip(made.outside, "link set eth0 up")
        yield made
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def join(machine: Machine) -> None:
    """A node at the bridge."""
    ip(machine.name, f"link add n0 master patchbay0 type veth peer name eth0 netns {machine.node}")
    ip(machine.name, "link set n0 up")
    ip(machine.node, f"address add {NODE}/24 dev eth0")
    ip(machine.node, "link set eth0 up")
    ip(machine.node, f"route add default via {BRIDGE}")


def reaches(machine: Machine, seconds: float) -> dict[str, bool]:
    """Which connections are made: the node's to the outside and to the machine, the outside's to the node."""
    tries: dict[str, tuple[str, str, Callable[[], bool]]] = {
        "out": (machine.outside, OUTSIDE, lambda: machine.connects(machine.node, OUTSIDE, 7001, seconds)),
        "machine": (machine.name, BRIDGE, lambda: machine.connects(machine.node, BRIDGE, 7001, seconds)),
    }
    found = {}
    for name, (namespace, address, connects) in tries.items():
        with machine.listening(namespace, address, 7001):
            found[name] = connects()
    return found


@pytest.mark.parametrize("kind", FIREWALLS)
def test_nodes_reach_the_outside_and_this_machine_through_another_firewall(machine: Machine, kind: str) -> None:
    machine.shell(FIREWALLS[kind])
    told = machine.up()
    join(machine)
    assert told, "the firewall was not found"
    assert reaches(machine, seconds=20) == {"out": True, "machine": True}


@pytest.mark.parametrize("kind", FIREWALLS)
def test_without_the_rules_the_firewall_stops_the_nodes(machine: Machine, kind: str) -> None:
    """What the other tests rest on: it is the rules that let the packets through."""
    machine.up()
    join(machine)
    machine.shell(FIREWALLS[kind])
    assert not reaches(machine, seconds=1)["out"]
    machine.up()
    assert reaches(machine, seconds=20) == {"out": True, "machine": True}


@pytest.mark.parametrize("kind", FIREWALLS)
def test_the_firewall_is_as_it_was_after_down(machine: Machine, kind: str) -> None:
    machine.shell(FIREWALLS[kind])
    before = machine.rules()
    machine.up()
    with_ours = machine.rules()
    assert with_ours != before
    machine.up()
    assert machine.rules() == with_ours
    machine.down()
    assert machine.rules() == before


def test_a_firewall_that_was_taken_away_meanwhile_is_no_failure(machine: Machine) -> None:
    machine.shell(DOCKER + FIREWALLD)
    machine.up()
    machine.shell("iptables-nft -F; iptables-nft -X; iptables-nft -P FORWARD ACCEPT; nft delete table inet firewalld")
    machine.down()


def test_no_outsider_comes_in_by_the_rules(machine: Machine) -> None:
    machine.shell(DOCKER)
    machine.up()
    join(machine)
    ip(machine.outside, "route add 10.89.0.0/24 via 192.0.2.1")
    with machine.listening(machine.node, NODE, 7002):
        assert machine.connects(machine.name, NODE, 7002, 20)
        assert not machine.connects(machine.outside, NODE, 7002, 1)


def test_a_machine_without_a_firewall_gets_no_rules_but_our_own_table(machine: Machine) -> None:
    machine.shell("nft add table inet filter; nft 'add chain inet filter input { type filter hook input priority 0; }'")
    assert machine.up() == []
    assert "accept comment" not in "\n".join(machine.rules())
    join(machine)
    assert reaches(machine, seconds=20) == {"out": True, "machine": True}
