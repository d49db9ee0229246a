"""The least busy pod of a shape goes first: the real program against a real API server and a real Redis.

The control plane has no nodes, so the tests say what pods run by reserving processes in their names.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from patchbay_runtime.queue import ProcessQueue
from patchbay_runtime.queue.consumer import Consumer
from patchbay_runtime.scale_in.order import BY_ONE_SECONDS, MOST_AT_ONCE, SAME_POD_SECONDS, Order
from patchbay_runtime.scale_in.pods import COST, Pod

from tests.http_requests import http
from tests.ports import free_port
from tests.runtime.conftest import wait_until
from tests.runtime.queue_workers import until
from tests.runtime.servers import HOST, Server, own_redis
from tests.standins.pulumi_plugins.control_plane import ControlPlane

NAMESPACE = "patchbay-runtime"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/shape-map"
RULES = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "patch"]}]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane with the runtime's namespace and the program's account."""
    plane = ControlPlane(tmp_path_factory.mktemp("cluster"))
    account = {"metadata": {"name": "scale-in-order"}}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "scale-in-order"}
    subject = {"kind": "ServiceAccount", "name": "scale-in-order", "namespace": NAMESPACE}
    rights = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}"
    with plane:
        with plane.client() as client:
            for path, body in (
                ("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}}),
                (f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", account),
                (f"{rights}/roles", {**account, "rules": RULES}),
                (f"{rights}/rolebindings", {**account, "roleRef": role, "subjects": [subject]}),
            ):
                client.post(path, json=body).raise_for_status()
        yield plane


@pytest.fixture
def client(cluster: ControlPlane) -> Iterator[httpx.Client]:
    with cluster.client() as client:
        yield client


@pytest.fixture
def account(cluster: ControlPlane, tmp_path: Path) -> Path:
    """What a pod of the account finds mounted."""
    cluster.mount_account(NAMESPACE, "scale-in-order", tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = own_redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
async def queue(redis: Server) -> AsyncIterator[ProcessQueue]:
    queue = ProcessQueue.connect(redis.host, redis.port, None, ["map"])
    await queue.redis.flushall()
    yield queue
    await queue.close()


@dataclass(frozen=True)
class Running:
    """The program, and where it tells how it is."""

    process: subprocess.Popen[bytes]
    url: str

    def ready(self) -> bool:
        try:
            return http.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False


@pytest.fixture
def program(cluster: ControlPlane, account: Path, redis: Server) -> Iterator[Running]:
    host, _, api_port = cluster.address.removeprefix("https://").partition(":")
    settings = {
        "PATCHBAY_REDIS_HOST": redis.host,
        "PATCHBAY_REDIS_PORT": str(redis.port),
        "KUBERNETES_SERVICE_HOST": host,
        "KUBERNETES_SERVICE_PORT": api_port,
    }
    port = free_port()
    arguments = ["scale-in-order", "--service-account", str(account), "--host", HOST, "--port", str(port)]
    command = [sys.executable, "-m", "patchbay_runtime", *arguments]
    process = subprocess.Popen(command, env={**os.environ, **settings})
    try:
        yield Running(process, f"http://{HOST}:{port}")
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def scale(client: httpx.Client) -> Iterator[Callable[[int], list[str]]]:
    """Sets the replicas of the shape's Deployment; the names of its pods."""
    labels = {"app.kubernetes.io/name": "worker", "patchbay.dev/shape": "map"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "worker", "image": "none.example/none"}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": pod}
    body = {"metadata": {"name": "shape-map"}, "spec": spec}
    client.post(DEPLOYMENT.rpartition("/")[0], json=body).raise_for_status()

    def to(replicas: int) -> list[str]:
        patch = {"Content-Type": "application/merge-patch+json"}
        client.patch(DEPLOYMENT, json={"spec": {"replicas": replicas}}, headers=patch).raise_for_status()
        return [metadata["name"] for metadata in metadata_of_pods(client)]

    yield to
    client.delete(DEPLOYMENT, params={"propagationPolicy": "Background"})
    # The next test's Deployment has the same name, and its pods alone are to count.
    wait_until(lambda: metadata_of_pods(client) == [])


def metadata_of_pods(client: httpx.Client) -> list[dict[str, Any]]:
    items = client.get(PODS).json()["items"]
    return [item["metadata"] for item in items if "deletionTimestamp" not in item["metadata"]]


def costs(client: httpx.Client) -> dict[str, str]:
    """What is written, by pod."""
    return {
        metadata["name"]: metadata["annotations"][COST]
        for metadata in metadata_of_pods(client)
        if COST in metadata.get("annotations", {})
    }


async def run_in(queue: ProcessQueue, pod: str, count: int) -> None:
    """Let a worker in the pod hold so many processes."""
    await queue.put("map", "example", [f"{pod}-{number}" for number in range(count)])
    consumer = Consumer(queue.redis, "map", f"{pod}-0123abcd")
    await consumer.join()
    assert len(await consumer.reserve(count, 1)) == count


async def started(client: httpx.Client, scale: Callable[[int], list[str]], replicas: int) -> list[str]:
    pods: list[str] = []

    def there() -> bool:
        pods[:] = sorted(metadata["name"] for metadata in metadata_of_pods(client))
        return len(pods) == replicas

    scale(replicas)
    await until(there, 30, "the pods are there")
    return pods


async def test_the_least_busy_pods_go_first(
    client: httpx.Client, queue: ProcessQueue, program: Running, scale: Callable[[int], list[str]]
) -> None:
    pods = await started(client, scale, 6)
    busy = dict(zip(pods, [0, 5, 0, 8, 1, 2], strict=True))
    for pod, count in busy.items():
        if count:
            await run_in(queue, pod, count)
    expected = {pod: str(count) for pod, count in busy.items() if count}
    await until(lambda: costs(client) == expected, 30, "each busy pod has its number")
    await until(program.ready, 30, "the look that wrote them has ended")
    scale(3)
    await until(lambda: len(metadata_of_pods(client)) == 3, 30, "three pods have left")
    stayed = {metadata["name"] for metadata in metadata_of_pods(client)}
    assert stayed == {pods[1], pods[3], pods[5]}


async def test_a_pod_that_has_finished_goes_before_one_that_runs(
    client: httpx.Client, queue: ProcessQueue, program: Running, scale: Callable[[int], list[str]]
) -> None:
    first, second = await started(client, scale, 2)
    await run_in(queue, first, 4)
    await run_in(queue, second, 1)
    await until(lambda: costs(client) == {first: "4", second: "1"}, 30, "both have their numbers")
    consumer = Consumer(queue.redis, "map", f"{first}-0123abcd")
    pending = await queue.redis.xpending_range(
        "patchbay:queue:map:stream", "workers", "-", "+", 10, f"{first}-0123abcd"
    )
    await consumer.release([str(entry["message_id"]) for entry in pending])
    await until(lambda: costs(client) == {first: "0", second: "1"}, 30, "the number has fallen")
    scale(1)
    await until(lambda: [pod["name"] for pod in metadata_of_pods(client)] == [second], 30, "the busy one stays")
    assert program.process.poll() is None


async def test_outages_of_redis_and_of_the_api_server_are_outlived(
    *,
    client: httpx.Client,
    cluster: ControlPlane,
    redis: Server,
    queue: ProcessQueue,
    program: Running,
    scale: Callable[[int], list[str]],
) -> None:
    first, _ = await started(client, scale, 2)
    await until(program.ready, 30, "it works")
    await asyncio.to_thread(redis.stop)
    await until(lambda: not program.ready(), 30, "it says that Redis is away")
    await asyncio.to_thread(redis.start)
    await until(program.ready, 30, "it works again")
    await asyncio.to_thread(cluster.kill_api_server)
    await until(lambda: not program.ready(), 30, "it says that the API server is away")
    await asyncio.to_thread(cluster.start_api_server)
    await run_in(queue, first, 3)
    await until(lambda: costs(client) == {first: "3"}, 60, "the order is written again")
    program.process.terminate()
    assert await asyncio.to_thread(program.process.wait, 30) == 0


def held(**running: int) -> dict[str, dict[str, int]]:
    return {"map": {f"{pod}-0123abcd": count for pod, count in running.items()}}


def test_a_pod_is_written_seldom_and_only_when_its_number_has_changed() -> None:
    now = [100.0]
    order = Order(clock=lambda: now[0])
    order.found([Pod("a", "map", 0), Pod("b", "map", 3)])
    assert order.due(held(a=2, b=3)) == {"a": 2}
    order.written("a", 2)
    assert order.due(held(a=5, b=3)) == {}
    now[0] += SAME_POD_SECONDS
    assert order.due(held(a=5, b=3)) == {"a": 5}


def test_one_more_or_less_is_written_more_seldom_than_idle_or_not() -> None:
    now = [100.0]
    order = Order(clock=lambda: now[0])
    order.found([Pod("a", "map", 0), Pod("b", "map", 0)])
    order.written("a", 5)
    order.written("b", 1)
    now[0] += SAME_POD_SECONDS
    assert order.due(held(a=6)) == {"b": 0}
    now[0] += BY_ONE_SECONDS
    assert order.due(held(a=6)) == {"a": 6, "b": 0}


def test_a_shape_with_one_pod_costs_the_api_server_nothing() -> None:
    order = Order()
    order.found([Pod("a", "map", 0), Pod("b", "filter", 0)])
    assert order.due(held(a=8)) == {}


def test_of_many_changes_the_greatest_are_written_first() -> None:
    order = Order()
    order.found(Pod(f"p{number}", "map", 0) for number in range(40))
    due = order.due({"map": {f"p{number}-0123abcd": number for number in range(40)}})
    assert sorted(due.values()) == list(range(40 - MOST_AT_ONCE, 40))


def test_processes_of_a_container_that_was_started_again_count_for_its_pod() -> None:
    order = Order()
    order.found([Pod("a", "map", 0), Pod("b", "map", 0)])
    assert order.due({"map": {"a-00000001": 2, "a-00000002": 3}}) == {"a": 5}
