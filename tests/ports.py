"""Ports for the servers that tests start."""

import random
import socket

# Below the range that the kernel takes outgoing ports from: a client that asks a port of that range before its server
# listens there can be given the very same port, and then talks to itself.
_PORTS = random.sample(range(20_000, 32_000), k=12_000)


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
