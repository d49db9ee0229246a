"""A machine that cannot carry the environment is told so at the start, with the remedy."""

import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import psutil
import pytest
from patchbay_loadtests.faults.machine import place
from patchbay_local.deploy import environments
from patchbay_local.deploy.stack_config import StackConfig
from patchbay_local.machine.addresses import CLUSTER_PORTS, EMULATOR_PORTS, PortUse
from patchbay_local.machine.occupied import Listener, Overlap, overlaps
from patchbay_local.machine.packages import Removals
from patchbay_local.machine.preflight import Facts, PreflightError, check, judge, measure, require_free
from patchbay_local.machine.processes import TOKEN_VARIABLE

from tests.ports import free_port

EDGE = CLUSTER_PORTS[0]
PODS = IPv4Network("10.90.0.0/16")

GOOD = Facts(
    user_id=0,
    system="Linux",
    has_apt=True,
    distribution="Debian GNU/Linux 12",
    cores=2,
    memory_gib=8.0,
    disk_gib={Path("/var/cache/patchbay"): 40.0},
    tools_built=False,
    already_up=False,
)


def test_a_fitting_machine_has_no_findings() -> None:
    assert judge(GOOD) == []


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        (replace(GOOD, user_id=1000), ["user id 1000", "root", "sudo"]),
        (replace(GOOD, system="Darwin"), ["Darwin", "Linux"]),
        (replace(GOOD, has_apt=False, distribution="Fedora 40"), ["Fedora 40", "Debian"]),
        (replace(GOOD, memory_gib=3.2), ["3.2 GiB", "6 GiB"]),
        (replace(GOOD, disk_gib={Path("/var"): 9.0}), ["/var", "9.0 GiB", "15 GiB"]),
        (replace(GOOD, missing_kernel_features=("veth pairs",)), ["veth pairs", "modprobe"]),
        (replace(GOOD, cgroup_problem="no controller pids"), ["no controller pids"]),
        (
            replace(GOOD, listeners=(Listener(EDGE, "nginx (pid 42)"),)),
            ["port 8080", "nginx (pid 42)", "the edge", "ports.edge in /etc/patchbay/addresses.yaml"],
        ),
        (
            replace(GOOD, overlaps=(Overlap("networks.pods", PODS, "the route 10.90.7.0/24 dev docker0", fatal=True),)),
            ["10.90.0.0/16", "10.90.7.0/24 dev docker0", "networks.pods in /etc/patchbay/addresses.yaml"],
        ),
        (
            replace(GOOD, removals=Removals(("containerd.io", "docker-ce"), ("containerd",))),
            ["installing containerd would remove containerd.io, docker-ce", "apt-get remove containerd.io docker-ce"],
        ),
    ],
)
def test_each_obstacle_is_named_with_what_was_measured_and_what_is_needed(facts: Facts, told: list[str]) -> None:
    with pytest.raises(PreflightError) as caught:
        check(facts)
    for text in told:
        assert text in str(caught.value)


@contextlib.contextmanager
def listening(address: str, port: int, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A program of another process that listens there."""
    script = (
        "import socket, sys; six = ':' in sys.argv[1]; kind = socket.AF_INET6 if six else socket.AF_INET;"
        "s = socket.create_server((sys.argv[1], int(sys.argv[2])), family=kind, dualstack_ipv6=six);"
        "print(flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, address, str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        yield process
        process.stdin.close()


@pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.0.0.1"])
def test_a_port_in_use_is_told_with_the_program_its_pid_and_the_setting(address: str) -> None:
    use = PortUse(free_port(), "the edge", "ports.edge")
    with listening(address, use.port) as process, pytest.raises(PreflightError) as refused:
        require_free([use])
    for told in (f"port {use.port}", f"pid {process.pid}", "python", "the edge", "ports.edge"):
        assert told in str(refused.value)


def test_a_port_is_free_where_nobody_listens_at_our_addresses_but_ourselves() -> None:
    use = PortUse(free_port(), "the edge", "ports.edge")
    with listening("127.0.0.9", use.port):
        require_free([use])
    with listening("127.0.0.1", use.port, **{TOKEN_VARIABLE: "ours"}):
        require_free([use])
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", use.port))
        require_free([use])


def test_our_own_program_that_begins_to_listen_while_ports_are_looked_at_is_not_taken_for_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look, hidden = psutil.net_connections, [True]

    def first_without_programs(kind: str) -> list[Any]:
        found = look(kind)
        return [one._replace(pid=None) for one in found] if hidden and hidden.pop() else found

    monkeypatch.setattr(psutil, "net_connections", first_without_programs)
    use = PortUse(free_port(), "the edge", "ports.edge")
    with listening("127.0.0.1", use.port, **{TOKEN_VARIABLE: "ours"}):
        require_free([use])
    assert not hidden


def test_a_port_of_a_program_that_is_not_seen_from_here_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    look = psutil.net_connections
    monkeypatch.setattr(psutil, "net_connections", lambda kind: [one._replace(pid=None) for one in look(kind)])
    use = PortUse(free_port(), "the edge", "ports.edge")
    with listening("127.0.0.1", use.port), pytest.raises(PreflightError, match="not seen from here"):
        require_free([use])


def test_every_port_that_make_up_takes_is_looked_at() -> None:
    cluster = {8080, 6443, 5000, 2379, 2380, 10257, 10259, EMULATOR_PORTS["local"]}
    assert {use.port for use in CLUSTER_PORTS} == {*cluster, place.RECEIVER_PORT}


def overlaps_in_a_network_of_its_own(*commands: str) -> list[tuple[str, str, bool]]:
    """Setting, what was found, and whether it is fatal, in a network namespace where these `ip` commands have run."""
    look = (
        "import json; from patchbay_local.machine import addresses, occupied;"
        "print(json.dumps([(o.setting, o.found, o.fatal) for o in occupied.overlaps(addresses.RANGES)]))"
    )
    script = "\n".join([*(f"ip {command}" for command in commands), 'exec "$0" -c "$1"'])
    done = subprocess.run(
        ["unshare", "--net", "sh", "-ec", script, sys.executable, look], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [(setting, found, fatal) for setting, found, fatal in json.loads(done.stdout)]


UP = ("link add other type bridge", "link set other up", "address add 192.0.2.2/24 dev other")


def test_an_address_of_this_machine_in_a_range_is_found() -> None:
    found = overlaps_in_a_network_of_its_own(*UP, "address add 10.90.7.1/24 dev other")
    assert ("networks.pods", "the address 10.90.7.1 dev other", True) in found
    assert ("networks.pods", "the route 10.90.7.0/24 dev other", True) in found
    assert {setting for setting, _, _ in found} == {"networks.pods"}


def test_a_route_of_another_table_into_a_range_is_found() -> None:
    found = overlaps_in_a_network_of_its_own(*UP, "route add 10.91.0.0/16 via 192.0.2.1 table 51820")
    assert found == [("networks.services", "the route 10.91.0.0/16 via 192.0.2.1 dev other", True)]


def test_the_address_that_stands_for_a_system_elsewhere_is_looked_for() -> None:
    found = overlaps_in_a_network_of_its_own(*UP, "address add 198.18.0.1/16 dev other")
    assert ("networks.elsewhere", "the address 198.18.0.1 dev other", True) in found
    assert ("networks.elsewhere", "the route 198.18.0.0/16 dev other", False) in found


def test_a_gateway_in_a_range_is_found_also_behind_a_wider_route() -> None:
    wide = (*UP, "address add 10.5.0.2/8 dev other")
    one = overlaps_in_a_network_of_its_own(*wide, "route add default via 10.90.0.1")
    assert [each for each in one if each[2]] == [
        ("networks.pods", "the gateway of the route default via 10.90.0.1 dev other", True)
    ]
    several = overlaps_in_a_network_of_its_own(
        *wide, "route add default nexthop via 192.0.2.1 dev other nexthop via 10.91.0.1 dev other"
    )
    assert [(setting, fatal) for setting, _, fatal in several if fatal] == [("networks.services", True)]


def test_a_name_server_in_a_range_is_told_with_the_remedy(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("search example\nnameserver 10.90.0.2\nnameserver fe80::1%eth0\nnameserver 192.0.2.1\nnameserver\n")
    (found,) = overlaps({"networks.none": PODS}, [file, tmp_path / "none"])
    with pytest.raises(PreflightError) as refused:
        check(replace(GOOD, overlaps=(found,)))
    for told in (f"the name server 10.90.0.2 of {file}", "Set another as networks.none in /etc/patchbay"):
        assert told in str(refused.value)


def test_a_wider_route_is_a_warning_and_the_default_routes_are_nothing() -> None:
    wide = overlaps_in_a_network_of_its_own(*UP, "route add 10.0.0.0/8 via 192.0.2.1")
    assert {(setting, fatal) for setting, _, fatal in wide} == {
        ("networks.bridge", False),
        ("networks.pods", False),
        ("networks.services", False),
    }
    defaults = ("route add default via 192.0.2.1", "route add 0.0.0.0/1 via 192.0.2.1")
    assert overlaps_in_a_network_of_its_own(*UP, *defaults) == []


def test_the_environments_own_bridge_and_routes_do_not_stand_in_its_way() -> None:
    assert (
        overlaps_in_a_network_of_its_own(
            "link add patchbay0 type bridge",
            "link set patchbay0 up",
            "address add 10.89.0.1/24 dev patchbay0",
            "address add 198.18.0.1/32 dev patchbay0",
            "route add unreachable 10.90.0.0/16",
            "route add unreachable 10.91.0.0/16",
            "route add 10.90.20.0/24 via 10.89.0.20 dev patchbay0",
        )
        == []
    )


def test_the_local_stack_names_the_addresses_that_are_taken() -> None:
    environments.require_agreement()


def test_a_stack_config_with_other_addresses_is_refused_with_the_field_and_the_value_to_set() -> None:
    config = StackConfig.read("local")
    config.content["config"]["patchbay:platform"]["cluster"]["networks"]["edge"] = ["10.1.0.0/24"]
    del config.content["config"]["patchbay:infra"]["aws"]["endpoint"]
    connectors = config.content["config"]["patchbay:platform"]["network"]["connectors"]
    connectors |= {"privateRanges": ["10.91.0.0/16"], "ports": [443, "32768-60999"]}
    with pytest.raises(RuntimeError) as refused:
        environments.require_agreement(config)
    for told in (
        "patchbay:platform.cluster.networks.edge is ['10.1.0.0/24']: set ['10.89.0.0/24', '10.90.0.0/16']",
        "patchbay:infra.aws.endpoint is {}: set http://127.0.0.1:5601",
        "connectors.privateRanges is ['10.91.0.0/16']: set ['198.18.0.1/32']",
        "connectors.ports is [443, '32768-60999']: add 5690, ports.faultsReceiver of this machine",
    ):
        assert told in str(refused.value)


def test_all_obstacles_are_told_at_once() -> None:
    with pytest.raises(PreflightError) as caught:
        check(replace(GOOD, user_id=1, memory_gib=1.0))
    assert "user" in str(caught.value)
    assert "memory" in str(caught.value)


def test_a_single_core_is_a_warning_only() -> None:
    (warning,) = check(replace(GOOD, cores=1))
    assert "cores" in str(warning)


def test_a_machine_with_built_tools_needs_less_disk() -> None:
    assert judge(replace(GOOD, tools_built=True, disk_gib={Path("/var"): 9.0})) == []


def test_the_running_environment_does_not_stand_in_its_own_way() -> None:
    assert judge(replace(GOOD, already_up=True, memory_gib=2.0)) == []


def test_measuring_reads_this_machine() -> None:
    facts = measure()
    assert facts.cores >= 1
    assert facts.memory_gib > 0
    assert all(free >= 0 for free in facts.disk_gib.values())
