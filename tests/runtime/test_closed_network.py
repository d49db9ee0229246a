"""What is no sign of network policies does not let a connector begin."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from patchbay_runtime.worker import closed_network
from patchbay_runtime.worker.closed_network import until_closed
from patchbay_runtime.worker.status import WorkerStatus

from tests.ports import free_port

HOST = "127.0.0.1"


@asynccontextmanager
async def waiting(address: str) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(until_closed(address, WorkerStatus("http-connector"), asyncio.Event()))
    try:
        yield task
    finally:
        task.cancel()


async def test_an_api_server_that_is_away_for_a_moment_does_not_pass_for_policies() -> None:
    async with waiting(f"{HOST}:{free_port()}") as task:
        done, _ = await asyncio.wait({task}, timeout=1.5)
        assert not done


async def test_one_that_stays_away_keeps_no_connector_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closed_network, "_UNSURE_SECONDS", 0.5)
    async with waiting(f"{HOST}:{free_port()}") as task:
        await asyncio.wait_for(task, 10)


async def test_packets_that_are_dropped_are_policies_in_force() -> None:
    with socket.create_server((HOST, 0), backlog=0) as dropping:
        address = dropping.getsockname()
        with socket.create_connection(address):
            async with waiting(f"{HOST}:{address[1]}") as task:
                await asyncio.wait_for(task, 4)


async def test_an_address_of_ipv6_in_brackets_is_asked() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as answering:
        async with waiting(f"[::1]:{answering.getsockname()[1]}") as task:
            answering.settimeout(10)
            connection, _ = await asyncio.to_thread(answering.accept)
            connection.close()
            assert not task.done()
