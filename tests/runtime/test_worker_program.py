"""The worker program tells how it is, lists itself, and stops in good order."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from patchbay_runtime import node_metrics
from patchbay_runtime.queue import Delivery, ProcessQueue, WorkerRecord
from patchbay_runtime.status_server import serve_status
from patchbay_runtime.worker.registration import stay_registered
from patchbay_runtime.worker.status import WorkerStatus

from tests.http_requests import http
from tests.ports import free_port
from tests.runtime.queue_workers import until
from tests.runtime.servers import HOST, Server, own_redis


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Redis of this module's own."""
    server = own_redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
async def queue(own_server: Server) -> AsyncIterator[ProcessQueue]:
    """An empty queue."""
    queue = ProcessQueue.connect(own_server.host, own_server.port, None, ["map"])
    await queue.redis.flushall()
    yield queue
    await queue.close()


class RunningWorker:
    """A worker as a process of its own, whose MariaDB is away."""

    def __init__(self, redis_port: int, log: Path, shape: str = "map", closed_address: str = "") -> None:
        self.port = free_port()
        arguments = ["worker", "--shape", shape, "--host", HOST, "--port", str(self.port)]
        settings = {
            "PATCHBAY_ENVIRONMENT": "staging",
            "PATCHBAY_REDIS_HOST": HOST,
            "PATCHBAY_REDIS_PORT": str(redis_port),
            "PATCHBAY_DATABASE_HOST": HOST,
            "PATCHBAY_DATABASE_PORT": str(free_port()),
        }
        if closed_address:
            settings["PATCHBAY_CLOSED_ADDRESS"] = closed_address
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "patchbay_runtime", *arguments], env={**os.environ, **settings}, stderr=output
            )

    def get(self, path: str) -> tuple[int, str]:
        """Status (0 where nothing answers) and body."""
        with suppress(httpx.HTTPError):
            response = http.get(f"http://{HOST}:{self.port}{path}", timeout=5)
            return response.status_code, response.text
        return 0, ""

    async def is_ready(self, ready: bool) -> None:
        """Wait until it is, or is not."""
        await until(lambda: self.get("/readyz")[0] == (200 if ready else 503), 30, f"readiness is {ready}")

    async def stop(self) -> int:
        """SIGTERM; the exit status."""
        self.process.terminate()
        return await asyncio.to_thread(self.process.wait, 30)


@pytest.fixture
async def worker(own_server: Server, tmp_path: Path) -> AsyncIterator[RunningWorker]:
    """A worker that is ready."""
    worker = RunningWorker(own_server.port, tmp_path / "worker.log")
    try:
        await worker.is_ready(True)
        yield worker
    finally:
        worker.process.kill()
        worker.process.wait()


async def test_a_worker_lists_itself_with_its_slots_until_it_stops(worker: RunningWorker, queue: ProcessQueue) -> None:
    async def listed() -> bool:
        return bool((await queue.snapshot()).workers)

    await until(listed, 20, "the worker is listed")
    records = (await queue.snapshot()).workers
    assert [(record.shape, record.environment, record.slots, record.status) for record in records] == [
        ("map", "staging", 8, "running")
    ]
    assert records[0].pid == worker.process.pid
    assert await worker.stop() == 0
    assert (await queue.snapshot()).workers == []


async def test_a_worker_answers_probes_and_metrics(worker: RunningWorker) -> None:
    assert worker.get("/healthz")[0] == 200
    code, metrics = worker.get("/metrics")
    assert code == 200
    assert 'patchbay_worker_processes_total{outcome="done",shape="map"} 0.0' in metrics
    assert 'patchbay_worker_redis_up{shape="map"} 1.0' in metrics
    assert worker.get("/other")[0] == 404


async def test_a_worker_is_not_ready_while_redis_is_away_and_lives_on(
    worker: RunningWorker, own_server: Server
) -> None:
    await asyncio.to_thread(own_server.stop)
    try:
        await worker.is_ready(False)
        assert "Redis is away" in worker.get("/readyz")[1]
        assert worker.get("/healthz")[0] == 200
    finally:
        await asyncio.to_thread(own_server.start)
    await worker.is_ready(True)
    assert await worker.stop() == 0


async def test_a_worker_that_starts_while_redis_is_away_waits_for_it(own_server: Server, tmp_path: Path) -> None:
    await asyncio.to_thread(own_server.stop)
    worker = RunningWorker(own_server.port, tmp_path / "worker.log")
    try:
        await worker.is_ready(False)
        assert worker.get("/healthz")[0] == 200
        await asyncio.to_thread(own_server.start)
        await worker.is_ready(True)
        assert await worker.stop() == 0
    finally:
        await asyncio.to_thread(own_server.stop)
        await asyncio.to_thread(own_server.start)
        worker.process.kill()
        worker.process.wait()


async def test_a_worker_told_to_stop_while_redis_is_away_stops(worker: RunningWorker, own_server: Server) -> None:
    await asyncio.to_thread(own_server.stop)
    try:
        await worker.is_ready(False)
        assert await worker.stop() == 0
    finally:
        await asyncio.to_thread(own_server.start)


async def test_a_stopping_worker_is_listed_as_paused_without_slots(queue: ProcessQueue) -> None:
    stopping = asyncio.Event()
    record = WorkerRecord("pod-a", "map", "local", 1, 8, 0.0, "running")
    staying = asyncio.create_task(stay_registered(queue, record, stopping))

    async def listed(slots: int, status: str) -> bool:
        return [(worker.slots, worker.status) for worker in (await queue.snapshot()).workers] == [(slots, status)]

    await until(lambda: listed(8, "running"), 20, "it runs")
    stopping.set()
    await until(lambda: listed(0, "paused"), 20, "it is paused")
    staying.cancel()
    await asyncio.gather(staying, return_exceptions=True)
    assert (await queue.snapshot()).workers == []


def test_the_metrics_count_processes_by_outcome_and_time() -> None:
    status = WorkerStatus("delay")
    delivery = Delivery("p-1", "example", "delay", 1)
    for outcome in ("done", "failed"):
        status.began(delivery)
        status.ended(delivery, outcome, 0.2)
    status.began(delivery)
    with serve_status(status, HOST, 0) as port:
        metrics = http.get(f"http://{HOST}:{port}/metrics").text
    assert 'patchbay_worker_processes_total{outcome="done",shape="delay"} 1.0' in metrics
    assert 'patchbay_worker_processes_total{outcome="failed",shape="delay"} 1.0' in metrics
    assert 'patchbay_worker_process_seconds_count{shape="delay"} 2.0' in metrics
    assert 'patchbay_worker_running_processes{shape="delay"} 1.0' in metrics


def test_readiness_names_all_that_is_away_and_liveness_does_not_depend_on_it() -> None:
    status = WorkerStatus("delay")
    status.handler_available(False)
    status.stopping.set()
    with serve_status(status, HOST, 0) as port:
        ready = http.get(f"http://{HOST}:{port}/readyz")
        alive = http.get(f"http://{HOST}:{port}/healthz")
    assert ready.status_code == 503
    assert ready.json()["reasons"] == ["stopping", "Redis is away", "MariaDB is away"]
    assert alive.status_code == 200


def metrics_of(status: WorkerStatus) -> str:
    with serve_status(status, HOST, 0) as port:
        return http.get(f"http://{HOST}:{port}/metrics").text


def test_an_outage_between_two_scrapes_is_counted_once() -> None:
    status = WorkerStatus("split")
    for answers in (True, False, False, True):
        status.redis_answers(answers)
        status.handler_available(answers)
    metrics = metrics_of(status)
    assert 'patchbay_worker_store_losses_total{shape="split",store="redis"} 1.0' in metrics
    assert 'patchbay_worker_store_losses_total{shape="split",store="mariadb"} 1.0' in metrics


def test_the_metrics_tell_of_dead_letters_and_of_a_worker_that_leaves() -> None:
    status = WorkerStatus("filter")
    before = metrics_of(status)
    status.buried(Delivery("p-1", "example", "filter", 3))
    status.stopping.set()
    after = metrics_of(status)
    for name in ("patchbay_worker_dead_letters_total", "patchbay_worker_stopping"):
        assert f'{name}{{shape="filter"}} 0.0' in before
        assert f'{name}{{shape="filter"}} 1.0' in after


def test_the_metrics_tell_of_the_node() -> None:
    node_metrics.expose("node-a", "release-a")
    values = {line.split(" ")[0]: line.split(" ")[1] for line in metrics_of(WorkerStatus("delay")).splitlines()}
    assert abs(float(values['patchbay_node_clock_seconds{node="node-a"}']) - time.time()) < 60
    assert 0 <= float(values['patchbay_node_disk_free_ratio{node="node-a"}']) <= 1
    assert values['patchbay_process_info{node="node-a",release="release-a"}'] == "1.0"


# Ignored as the kernel ignores it for a container's first process that has no handler of its own.
FIRST_PROCESS = ["env", "--ignore-signal=TERM", sys.executable, "-m", "patchbay_runtime"]


def ends_when_stopped(command: list[str], settings: dict[str, str], once: str) -> None:
    """The program ends by SIGTERM as soon as it has written `once`."""
    with subprocess.Popen(command, env={**os.environ, **settings}, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert once in process.stderr.readline()
        process.terminate()
        try:
            assert process.wait(20) == 128 + signal.SIGTERM
        finally:
            process.kill()


def test_a_first_process_that_waits_for_its_database_ends_at_once_when_it_is_stopped() -> None:
    settings = {"PATCHBAY_DATABASE_HOST": HOST, "PATCHBAY_DATABASE_PORT": str(free_port())}
    ends_when_stopped([*FIRST_PROCESS, "migrate", "--wait", "600"], settings, "waiting for MariaDB")


def test_a_first_process_that_still_imports_ends_at_once_when_it_is_stopped(tmp_path: Path) -> None:
    # Takes the place of the library, as slow as on a machine that has no time for it.
    slow = "import sys, time; print('importing', file=sys.stderr, flush=True); time.sleep(600)"
    (tmp_path / "pydantic.py").write_text(slow)
    ends_when_stopped([*FIRST_PROCESS, "worker", "--shape", "map"], {"PYTHONPATH": str(tmp_path)}, "importing")


async def test_a_connector_takes_nothing_until_its_network_policies_are_in_force(
    own_server: Server, queue: ProcessQueue, tmp_path: Path
) -> None:
    with socket.create_server((HOST, 0)) as refused_by_policy:
        address = f"{HOST}:{refused_by_policy.getsockname()[1]}"
        connector = RunningWorker(own_server.port, tmp_path / "connector.log", "http-connector", address)
        other = RunningWorker(own_server.port, tmp_path / "map.log", "map", address)
        try:
            await other.is_ready(True)  # calls nobody, so that it needs not wait
            await connector.is_ready(False)
            assert "the network policies are not in force" in connector.get("/readyz")[1]
            assert [record.shape for record in (await queue.snapshot()).workers] == ["map"]
            refused_by_policy.listen(0)  # with connections that wait: further ones are dropped, as policies do
            await connector.is_ready(True)
            assert await connector.stop() == 0
        finally:
            for worker in (connector, other):
                worker.process.kill()
                worker.process.wait()


async def test_a_connector_that_waits_for_its_network_policies_stops_when_told(
    own_server: Server, tmp_path: Path
) -> None:
    with socket.create_server((HOST, 0)) as refused_by_policy:
        address = f"{HOST}:{refused_by_policy.getsockname()[1]}"
        connector = RunningWorker(own_server.port, tmp_path / "connector.log", "http-connector", address)
        try:
            await connector.is_ready(False)
            assert await connector.stop() == 0
        finally:
            connector.process.kill()
            connector.process.wait()
