"""The edge on loopback hands the client's own address to the gateway."""

import contextlib
import socket
import subprocess
import threading
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from patchbay_local.kubernetes.cluster.records import address_of
from patchbay_local.kubernetes.cluster.spec import MAX_NODES, NodeSpec
from patchbay_local.kubernetes.edge import edge
from patchbay_local.machine import addresses

from tests.pinned_tools import program
from tests.ports import free_port
from tests.waiting import until

PROXY_V2_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """A listener in the gateway's place that keeps the first bytes of every connection."""
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.9", 0)) as listener:
        monkeypatch.setattr(addresses, "GATEWAY_NODE_PORT", listener.getsockname()[1])

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


@pytest.fixture
def running_edge(tmp_path: Path, gateway: list[bytes]) -> Iterator[tuple[int, Path]]:
    """HAProxy with two servers, of which n1 is the gateway; its port and its control socket."""
    assert gateway == []
    port, control, file = free_port(), tmp_path / "control", tmp_path / "haproxy.cfg"
    servers = {"n0": IPv4Address("127.0.0.8"), "n1": IPv4Address("127.0.0.9")}
    file.write_text(edge.configuration(servers, port=port, control=control))
    with subprocess.Popen([program("haproxy"), "-db", "-f", file]) as process:
        try:
            until(lambda: _answers(control), "the edge does not answer at its control socket", within=30)
            yield port, control
        finally:
            process.terminate()


def _answers(control: Path) -> bool:
    try:
        return edge._command(control, "show version") != ""
    except OSError:
        return False


def test_two_clients_on_one_machine_keep_their_addresses(running_edge: tuple[int, Path], gateway: list[bytes]) -> None:
    port, control = running_edge
    edge.pass_to({1}, control=control, servers=2)
    for client in ("127.0.0.1", "127.0.0.2"):
        assert _ask(port, client) == b"answer"
    for client in ("127.0.0.1", "127.0.0.2"):
        address = IPv4Address(client).packed
        assert any(first.startswith(PROXY_V2_SIGNATURE) and first[16:20] == address for first in gateway), (
            f"no connection came in as {client}"
        )


def test_a_connection_goes_to_another_node_where_one_does_not_answer(running_edge: tuple[int, Path]) -> None:
    port, control = running_edge
    edge.pass_to({0, 1}, control=control, servers=2)
    assert [_ask(port, "127.0.0.1") for _ in range(4)] == [b"answer"] * 4


def test_a_node_that_is_none_any_more_gets_no_connection(running_edge: tuple[int, Path]) -> None:
    port, control = running_edge
    edge.pass_to({1}, control=control, servers=2)
    assert _ask(port, "127.0.0.1") == b"answer"
    edge.pass_to(set(), control=control, servers=2)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(100) == b""


def test_the_edge_knows_every_node_that_there_can_be() -> None:
    text = edge.configuration({f"n{index}": address_of(index) for index in range(MAX_NODES)})
    assert text.count("\n    server ") == MAX_NODES
    assert f"server n199 10.89.0.219:{addresses.GATEWAY_NODE_PORT}" in text


def test_the_edge_listens_on_loopback_only() -> None:
    text = edge.configuration({"n0": address_of(0)})
    binds = [line.split()[1] for line in text.splitlines() if line.strip().startswith("bind ")]
    assert binds == [f"127.0.0.1:{addresses.EDGE_PORT}"]


@pytest.mark.parametrize(("pool", "taken"), [("system", True), ("flows", False)])
def test_no_connection_depends_on_nodes_that_come_and_go(pool: str, taken: bool) -> None:
    node = NodeSpec(
        instance_id="i-0123456789abcdef0",
        zone="eu-central-1a",
        instance_type="c7a.medium",
        group=pool,
        labels={"patchbay.dev/pool": pool},
    )
    assert edge.takes(node) is taken
