"""The edge: HAProxy on loopback that passes connections on to the gateway's port of the nodes that stay."""

import hashlib
import shutil
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Collection, Mapping
from ipaddress import IPv4Address
from pathlib import Path
from string import Template
from typing import Final

from patchbay_local.kubernetes.cluster.records import address_of, load_records
from patchbay_local.kubernetes.cluster.spec import MAX_NODES, NodeSpec
from patchbay_local.machine import addresses, paths
from patchbay_local.machine.daemons import Daemon, DaemonStatus, Supervisor
from patchbay_local.machine.journal import Journal
from patchbay_local.machine.programs import run

SCOPE: Final = "edge"
URL: Final = f"http://127.0.0.1:{addresses.EDGE_PORT}"
CONTROL: Final = paths.RUN / "edge" / "control.sock"
_DAEMON: Final = "edge"
_TEMPLATE: Final = Path(__file__).parent / "native" / "haproxy.cfg"
_COMMANDS_AT_ONCE: Final = 50  # HAProxy reads no more than 16 KiB of them
_POOL: Final = ("patchbay.dev/pool", "system")


def configuration(
    servers: Mapping[str, IPv4Address], *, port: int = addresses.EDGE_PORT, control: Path = CONTROL
) -> str:
    """HAProxy's configuration. No connection goes to a server until a command at the control socket enables it."""
    lines = (f"    server {name} {address}:{addresses.GATEWAY_NODE_PORT}" for name, address in servers.items())
    return Template(_TEMPLATE.read_text()).substitute(port=port, control=control, servers="\n".join(lines))


def takes(node: NodeSpec) -> bool:
    """Whether connections go to the node: those of the flows' nodes would end with each scale-in."""
    name, value = _POOL
    return node.labels.get(name) == value


def up(journal: Journal) -> None:
    """Start it, unless it runs; connections go to the nodes that there are."""
    program = shutil.which("haproxy", path="/usr/sbin:/usr/bin")
    if program is None:
        raise RuntimeError("haproxy is not installed: run `make up`")
    # Nodes come and go by the minute: each one that there can be has its place from the start.
    text = configuration({_server(index): address_of(index) for index in range(MAX_NODES)})
    file = paths.RUN / "edge" / "haproxy.cfg"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    run([program, "-c", "-q", "-f", str(file)])
    digest = hashlib.sha256(text.encode()).hexdigest()
    supervisor(journal).ensure(
        Daemon(name=_DAEMON, argv=(program, "-db", "-f", str(file)), inputs=(digest,), stop_grace_seconds=1)
    )
    _wait_for_control()
    pass_to({record.index for record in load_records().values() if takes(record.spec)})


def pass_to(indexes: Collection[int], *, control: Path = CONTROL, servers: int = MAX_NODES) -> None:
    """New connections go to the nodes of these indexes alone. OSError where the edge does not run."""
    commands = [
        f"{'enable' if index in indexes else 'disable'} server nodes/{_server(index)}" for index in range(servers)
    ]
    for first in range(0, len(commands), _COMMANDS_AT_ONCE):
        if answer := _command(control, "; ".join(commands[first : first + _COMMANDS_AT_ONCE])):
            raise RuntimeError(f"the edge refuses: {answer}")


def status(journal: Journal) -> DaemonStatus:
    """Whether the edge runs."""
    return supervisor(journal).status(_DAEMON)


def wait_until_answering(seconds: float = 30) -> None:
    """Return once the gateway answers through the edge, whatever it says. Raises RuntimeError when it does not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(URL, timeout=2):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"no gateway answers at {URL}: see kubectl -n patchbay-gateway get pods")


def down(journal: Journal) -> None:
    """Stop the edge. Nothing happens where it does not run."""
    journal.undo(SCOPE)


def supervisor(journal: Journal) -> Supervisor:
    """The edge's own supervisor."""
    return Supervisor(run=paths.RUN, logs=paths.LOGS, journal=journal, scope=SCOPE)


def _server(index: int) -> str:
    return f"n{index}"


def _wait_for_control(seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            _command(CONTROL, "show version")
        except OSError:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the edge did not start: see {paths.LOGS}/edge.log") from None
            time.sleep(0.05)
        else:
            return


def _command(control: Path, text: str) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(5)
        connection.connect(str(control))
        connection.sendall(text.encode() + b"\n")
        answer = b""
        while part := connection.recv(4096):
            answer += part
    return answer.decode().strip()
