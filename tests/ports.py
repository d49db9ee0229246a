"""Ports for the servers that tests start."""

import os
import random
import socket

# Below the range that the kernel takes outgoing ports from: a client that asks a port of that range before its server
# listens there can be given the very same port, and then talks to itself.
_RANGE = range(20_000, 32_000)


def _own_ports() -> list[int]:
    """Those of this process: pytest's workers (`gw0`, `gw1`, ...) share the range without a port in common."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    ports = list(_RANGE[worker % workers :: workers])
    random.shuffle(ports)
    return ports


_PORTS = _own_ports()


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that nothing listens on; never the same twice in one run."""
    while True:
        port = _PORTS.pop()
        with socket.socket() as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
        return port
