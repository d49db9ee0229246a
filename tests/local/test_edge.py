"""The edge on loopback hands the client's own address to the gateway."""

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from patchbay_local import paths
from patchbay_local.edge import edge

from tests.ports import free_port

PROXY_V2_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """A listener in the gateway's place that keeps the first bytes of every connection."""
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.9", 0)) as listener:
        monkeypatch.setattr(paths, "GATEWAY_NODE_PORT", listener.getsockname()[1])

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(5)
                    try:
                        seen.append(connection.recv(4096))
                        connection.sendall(b"answer")
                    except OSError:
                        continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield seen
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def _ask(port: int, source: str) -> bytes:
    """Connect from one address of loopback, once the edge lets a connection through."""
    for _ in range(100):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5, source_address=(source, 0)) as client:
                client.sendall(b"GET / HTTP/1.0\r\n\r\n")
                if answer := client.recv(100):
                    return answer
        except OSError:
            pass
        threading.Event().wait(0.1)
    raise AssertionError("the edge let no connection through within 10 s")


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="needs Debian's haproxy")
def test_two_clients_on_one_machine_keep_their_addresses(tmp_path: Path, gateway: list[bytes]) -> None:
    port = free_port()
    file = tmp_path / "haproxy.cfg"
    file.write_text(edge.configuration({"node-1": IPv4Address("127.0.0.9")}, port))
    with subprocess.Popen(["haproxy", "-db", "-f", file]) as process:
        try:
            for client in ("127.0.0.1", "127.0.0.2"):
                assert _ask(port, client) == b"answer"
        finally:
            process.terminate()
    for client in ("127.0.0.1", "127.0.0.2"):
        address = IPv4Address(client).packed
        assert any(first.startswith(PROXY_V2_SIGNATURE) and first[16:20] == address for first in gateway), (
            f"no connection came in as {client}"
        )


def test_the_edge_passes_connections_to_every_node() -> None:
    nodes = {"node-1": IPv4Address("10.89.0.20"), "node-2": IPv4Address("10.89.0.21")}
    text = edge.configuration(nodes)
    for name, address in nodes.items():
        assert f"server {name} {address}:{paths.GATEWAY_NODE_PORT}" in text


def test_the_edge_listens_on_loopback_only() -> None:
    text = edge.configuration({"node-1": IPv4Address("10.89.0.20")})
    binds = [line.split()[1] for line in text.splitlines() if line.strip().startswith("bind ")]
    assert binds == [f"127.0.0.1:{paths.EDGE_PORT}"]


def test_an_edge_without_nodes_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one node"):
        edge.configuration({})
