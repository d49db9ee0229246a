"""Fixtures over the environment that `make up` brought up on this machine."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from lightkube import Client, KubeConfig
from patchbay_local.machine import addresses, paths

EDGE = f"http://127.0.0.1:{addresses.EDGE_PORT}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever is in this folder uses the machine's one cluster."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.alone)


@pytest.fixture(scope="session")
def kubernetes() -> Client:
    """A client of the local cluster, as its administrator."""
    if not paths.KUBECONFIG.exists():
        pytest.fail("the environment is not up: run `make up` first, or `make test`, which brings it up")
    return Client(config=KubeConfig.from_file(str(paths.KUBECONFIG)), field_manager="patchbay-tests")


@pytest.fixture(scope="session")
def administrator_key(kubernetes: Client) -> str:
    """The administrator's, which `make up` left for this machine's root."""
    assert kubernetes
    return paths.ADMINISTRATOR_KEY.read_text().strip()


@pytest.fixture
def edge_client(administrator_key: str) -> Iterator[Callable[..., httpx.Client]]:
    """Makes HTTP clients of the gateway, each with the source address given, and the administrator's key or none."""
    opened: list[httpx.Client] = []

    def connect(source_address: str = "127.0.0.1", *, with_key: bool = True) -> httpx.Client:
        transport = httpx.HTTPTransport(local_address=source_address)
        headers = {"Authorization": f"Bearer {administrator_key}"} if with_key else {}
        client = httpx.Client(base_url=EDGE, transport=transport, headers=headers, timeout=30)
        opened.append(client)
        return client

    yield connect
    for client in opened:
        client.close()
