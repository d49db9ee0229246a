"""The edge: HAProxy on loopback that passes connections on to every node's gateway port."""

import hashlib
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from ipaddress import IPv4Address
from pathlib import Path
from string import Template
from typing import Final

from patchbay_local import paths
from patchbay_local.host.commands import run
from patchbay_local.host.daemons import Daemon, DaemonStatus, Supervisor
from patchbay_local.host.journal import Journal

SCOPE: Final = "edge"
URL: Final = f"http://127.0.0.1:{paths.EDGE_PORT}"
_DAEMON: Final = "edge"
_TEMPLATE: Final = Path(__file__).parent / "native" / "haproxy.cfg"


def configuration(nodes: Mapping[str, IPv4Address], port: int = paths.EDGE_PORT) -> str:
    """HAProxy's configuration for these nodes. ValueError without any."""
    if not nodes:
        raise ValueError("the edge needs at least one node to pass connections to")
    servers = (f"    server {name} {address}:{paths.GATEWAY_NODE_PORT}" for name, address in sorted(nodes.items()))
    return Template(_TEMPLATE.read_text()).substitute(port=port, servers="\n".join(servers))


def up(journal: Journal, nodes: Mapping[str, IPv4Address]) -> None:
    """Start the edge, or start it anew where the nodes have changed."""
    program = shutil.which("haproxy", path="/usr/sbin:/usr/bin")
    if program is None:
        raise RuntimeError("haproxy is not installed: run `make up`")
    text = configuration(nodes)
    file = paths.RUN / "edge" / "haproxy.cfg"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    run([program, "-c", "-q", "-f", str(file)])
    digest = hashlib.sha256(text.encode()).hexdigest()
    supervisor(journal).ensure(
        Daemon(name=_DAEMON, argv=(program, "-db", "-f", str(file)), inputs=(digest,), stop_grace_seconds=1)
    )


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
