"""Fixtures over the environment that `make up` brought up on this machine."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from lightkube import Client, KubeConfig
from patchbay_local.machine import addresses, paths

EDGE = f"http://127.0.0.1:{addresses.EDGE_PORT}"


@pytest.fixture(scope="session")
def kubernetes() -> Client:
    """A client of the local cluster, as its administrator."""
    if not paths.KUBECONFIG.exists():
        pytest.fail("the environment is not up: run `make up` first, or `make test`, which brings it up")
    return Client(config=KubeConfig.from_file(str(paths.KUBECONFIG)), field_manager="patchbay-tests")


@pytest.fixture
def edge_client() -> Iterator[Callable[[str], httpx.Client]]:
    """Makes HTTP clients of the gateway, each with the source address given."""
    opened: list[httpx.Client] = []

    def connect(source_address: str = "127.0.0.1") -> httpx.Client:
        transport = httpx.HTTPTransport(local_address=source_address)
        client = httpx.Client(base_url=EDGE, transport=transport, timeout=30)
        opened.append(client)
        return client

    yield connect
    for client in opened:
        client.close()
