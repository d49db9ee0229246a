"""The sink is within reach while a load test lives, and not for long after it died: by Kubernetes' own controllers."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.sink.reach import NAME, Reach

from tests.standins.pulumi_plugins.control_plane import ControlPlane

FLOWS, SINK = "patchbay-runtime", "patchbay-loadtest"
API_SERVER = "192.0.2.7"
# After an API server's restart the controller manager may wait half a minute, and start for longer than that.
WITHIN_SECONDS = 180.0
# Far longer than a busy machine needs for a renewal.
LEASE_SECONDS = 10
# In which a lease that was not renewed would have been seen to end.
ENDED_SECONDS = 4
CONTROLLERS = "job-controller,ttl-after-finished-controller,garbage-collector-controller"
# A load test of its own process, which never ends by itself.
LOAD_TEST = f"""
import asyncio, pathlib, sys
from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.sink.reach import Reach

async def main():
    async with Cluster(pathlib.Path(sys.argv[1]), None) as cluster:
        async with Reach(
            cluster, namespace="{FLOWS}", sink_namespace="{SINK}", shape="http-connector", image="example/none",
            lease_seconds={LEASE_SECONDS}, renewal_seconds=1,
        ):
            print("open", flush=True)
            await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path_factory.mktemp("cluster"), CONTROLLERS) as plane:
        with plane.client() as client:
            for name in (FLOWS, SINK):
                restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
                body = {"metadata": {"name": name, "labels": restricted}}
                client.post("/api/v1/namespaces", json=body).raise_for_status()
            # One on loopback does not name itself.
            slice_ = {
                "metadata": {"name": "kubernetes", "labels": {"kubernetes.io/service-name": "kubernetes"}},
                "addressType": "IPv4",
                "endpoints": [{"addresses": [API_SERVER]}],
                "ports": [{"port": 6443}],
            }
            path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
            client.post(path, json=slice_).raise_for_status()
        yield plane


@pytest.fixture
def client(plane: ControlPlane) -> Iterator[httpx.Client]:
    with plane.client() as client:
        yield client


def policies(client: httpx.Client) -> dict[str, dict[str, Any]]:
    """Specs by namespace; nothing but ours is there."""
    items = client.get("/apis/networking.k8s.io/v1/networkpolicies").raise_for_status().json()["items"]
    assert {item["metadata"]["name"] for item in items} <= {NAME}
    return {item["metadata"]["namespace"]: item["spec"] for item in items}


def jobs(client: httpx.Client) -> dict[str, tuple[str, int]]:
    """Uid and deadline by namespace."""
    items = client.get("/apis/batch/v1/jobs").raise_for_status().json()["items"]
    return {
        item["metadata"]["namespace"]: (item["metadata"]["uid"], item["spec"]["activeDeadlineSeconds"])
        for item in items
    }


def pods(client: httpx.Client) -> list[Any]:
    return list(client.get("/api/v1/pods").raise_for_status().json()["items"])


def until_closed(client: httpx.Client) -> None:
    give_up = time.monotonic() + WITHIN_SECONDS
    while policies(client):
        assert time.monotonic() < give_up, f"still open: {sorted(policies(client))}"
        time.sleep(0.2)


def reach(cluster: Cluster, **times: float) -> Reach:
    return Reach(cluster, namespace=FLOWS, sink_namespace=SINK, shape="http-connector", image="example/none", **times)


async def test_only_connectors_reach_only_the_sinks_port_and_only_meanwhile(
    plane: ControlPlane, client: httpx.Client
) -> None:
    connectors = {"matchLabels": {"patchbay.dev/shape": "http-connector"}}
    sink = {"matchLabels": {"app.kubernetes.io/name": "sink"}}
    ports = [{"protocol": "TCP", "port": 8080}]
    async with Cluster(plane.kubeconfig, None) as cluster:
        async with reach(cluster):
            found = policies(client)
            assert set(jobs(client)) == {FLOWS, SINK}
            assert pods(client) == []
        assert policies(client) == {}
    assert found == {
        FLOWS: {
            "podSelector": connectors,
            "policyTypes": ["Egress"],
            "egress": [
                {
                    "to": [
                        {
                            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": SINK}},
                            "podSelector": sink,
                        }
                    ],
                    "ports": ports,
                }
            ],
        },
        SINK: {
            "podSelector": sink,
            "policyTypes": ["Ingress"],
            "ingress": [
                {
                    "from": [
                        {
                            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": FLOWS}},
                            "podSelector": connectors,
                        },
                        {"ipBlock": {"cidr": f"{API_SERVER}/32"}},
                    ],
                    "ports": ports,
                }
            ],
        },
    }
    assert jobs(client) == {}


async def test_it_is_kept_open_for_longer_than_one_lease(plane: ControlPlane, client: httpx.Client) -> None:
    times = {"lease_seconds": LEASE_SECONDS, "renewal_seconds": 0.5}
    async with Cluster(plane.kubeconfig, None) as cluster, reach(cluster, **times):
        ended = time.monotonic() + LEASE_SECONDS + ENDED_SECONDS
        is_over = False
        while not is_over:
            is_over = time.monotonic() > ended
            # In a thread: the lease is renewed meanwhile.
            assert set(await asyncio.to_thread(policies, client)) == {FLOWS, SINK}
            await asyncio.sleep(0.2)
        deadlines = [deadline for _, deadline in (await asyncio.to_thread(jobs, client)).values()]
        assert min(deadlines) >= LEASE_SECONDS + ENDED_SECONDS


def test_it_closes_by_itself_when_the_load_test_is_killed(plane: ControlPlane, client: httpx.Client) -> None:
    argv = [sys.executable, "-c", LOAD_TEST, str(plane.kubeconfig)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout
        assert killed.stdout.readline() == "open\n"
        killed.kill()
    assert set(policies(client)) == {FLOWS, SINK}
    until_closed(client)


async def test_an_api_server_that_is_away_at_the_end_does_not_hide_the_load_tests_own_end(
    plane: ControlPlane, client: httpx.Client
) -> None:
    async def load_test(cluster: Cluster) -> None:
        async with reach(cluster, lease_seconds=4):
            plane.kill_api_server()
            raise ValueError("the load test's own")

    async with Cluster(plane.kubeconfig, None) as cluster:
        with pytest.raises(ValueError, match="the load test's own"):
            await load_test(cluster)
    plane.start_api_server()
    await asyncio.to_thread(until_closed, client)


async def test_the_next_load_test_does_not_inherit_the_deadline_of_one_that_was_killed(
    plane: ControlPlane, client: httpx.Client
) -> None:
    async with Cluster(plane.kubeconfig, None) as cluster:
        left = reach(cluster, lease_seconds=600)
        await left.__aenter__()
        before = jobs(client)
        async with reach(cluster, lease_seconds=300):
            after = jobs(client)
            assert set(policies(client)) == {FLOWS, SINK}
        assert {namespace: deadline for namespace, (_, deadline) in after.items()} == {FLOWS: 300, SINK: 300}
        assert not {uid for uid, _ in before.values()} & {uid for uid, _ in after.values()}
        await left.__aexit__(None, None, None)
