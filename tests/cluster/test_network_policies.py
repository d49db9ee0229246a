"""What the network policies refuse is refused on this cluster, and what they allow passes: in every namespace."""

import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
from lightkube import Client
from lightkube.resources.core_v1 import Namespace, Node, Pod
from patchbay_local.machine import addresses, paths

from tests.cluster.connections import PASSED_SECONDS, Attempt, Workload, attempt, together


def ours(namespace: str, name: str) -> Workload:
    return Workload(namespace, {"app.kubernetes.io/name": name})


GATEWAY = ours("patchbay-gateway", "gateway")
API = ours("patchbay-runtime", "api")
WORKER = Workload("patchbay-runtime", {"app.kubernetes.io/name": "worker", "patchbay.dev/shape": "map"})
CONNECTOR = Workload("patchbay-runtime", {"patchbay.dev/shape": "http-connector"})
REDIS = ours("patchbay-data", "redis")
MARIADB = ours("patchbay-data", "mariadb")
PROMETHEUS = ours("patchbay-metrics", "prometheus")
JSON_EXPORTER = ours("patchbay-metrics", "json-exporter")
KEDA = Workload("keda", {"app": "keda-operator"})
KEDA_ADAPTER = Workload("keda", {"app": "keda-metrics-apiserver"})
AUTOSCALER = ours("kube-system", "cluster-autoscaler")
DNS = Workload("kube-system", {"k8s-app": "kube-dns"})
HEADROOM = ours("patchbay-headroom", "headroom")


@dataclass(frozen=True)
class Case:
    """`passes`: a connection that the platform needs, client, server and port.

    `stays_in`: a workload that may call nothing outside. `stays_out`: one that this machine, which no policy keeps from
    calling, may not reach at this port; something listens there.
    """

    passes: tuple[Workload, Workload, int]
    stays_in: Workload
    stays_out: tuple[Workload, int]


CASES = {
    "patchbay-gateway": Case((GATEWAY, API, 8000), GATEWAY, (GATEWAY, 8405)),
    "patchbay-runtime": Case((WORKER, REDIS, 6379), WORKER, (API, 8000)),
    "patchbay-data": Case((API, MARIADB, 3306), REDIS, (REDIS, 6379)),
    "patchbay-metrics": Case((PROMETHEUS, JSON_EXPORTER, 7979), PROMETHEUS, (JSON_EXPORTER, 7979)),
    "keda": Case((KEDA, PROMETHEUS, 9090), KEDA, (KEDA, 8080)),
    "kube-system": Case((PROMETHEUS, AUTOSCALER, 8085), AUTOSCALER, (AUTOSCALER, 8085)),
}
# Its pods do nothing: nobody calls them, and they call nobody.
SILENT = {"patchbay-headroom": HEADROOM}
# Kubernetes' own, in which nothing runs.
EMPTY = {"default", "kube-node-lease", "kube-public"}
# The load tests' own, which comes and goes.
LOAD_TESTS = {"patchbay-loadtest"}

NEIGHBOURS = [
    Attempt(GATEWAY, REDIS, 6379),
    Attempt(WORKER, API, 8000),
    Attempt(REDIS, MARIADB, 3306),
    Attempt(JSON_EXPORTER, PROMETHEUS, 9090),
    Attempt(KEDA_ADAPTER, PROMETHEUS, 9090),
    Attempt(AUTOSCALER, REDIS, 6379),
    Attempt(CONNECTOR, PROMETHEUS, 9090),
]

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[tuple[str, int]]:
    """A system that is none of ours, which takes every connection: its address and port."""
    with socket.create_server((str(addresses.ELSEWHERE_ADDRESS), 0), backlog=128) as listening:

        def take() -> None:
            while True:
                try:
                    listening.accept()[0].close()
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        yield str(addresses.ELSEWHERE_ADDRESS), listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def results(kubernetes: Client, elsewhere: tuple[str, int]) -> Mapping[Attempt, str]:
    """What became of the attempts that the tests expect to be dropped."""
    stay_in = [*(case.stays_in for case in CASES.values()), *SILENT.values()]
    stay_out = [*(case.stays_out for case in CASES.values()), *((workload, 80) for workload in SILENT.values())]
    outside = [Attempt(workload, *elsewhere) for workload in stay_in]
    inside = [Attempt(None, workload, port) for workload, port in stay_out]
    return together(kubernetes, [*outside, *inside, *NEIGHBOURS])


def test_every_namespace_has_a_case(kubernetes: Client) -> None:
    found = {namespace.metadata.name for namespace in kubernetes.list(Namespace) if namespace.metadata}
    assert found - EMPTY - LOAD_TESTS == CASES.keys() | SILENT.keys()
    for name in EMPTY:
        assert not list(kubernetes.list(Pod, namespace=name)), f"{name} has pods, and no case"


@every_case
def test_what_the_platform_needs_passes(kubernetes: Client, case: Case) -> None:
    client, server, port = case.passes
    assert client.attempt(kubernetes, server.address(kubernetes), port, PASSED_SECONDS) == "passed"


@every_case
def test_pods_reach_nothing_outside(case: Case, elsewhere: tuple[str, int], results: Mapping[Attempt, str]) -> None:
    assert attempt(*elsewhere, PASSED_SECONDS) == "passed"
    assert results[Attempt(case.stays_in, *elsewhere)] == "dropped"


@every_case
def test_pods_are_reached_by_nobody_else(kubernetes: Client, case: Case, results: Mapping[Attempt, str]) -> None:
    server, port = case.stays_out
    # From its own namespace it is reached: something listens.
    assert server.attempt(kubernetes, server.address(kubernetes), port, PASSED_SECONDS) == "passed"
    assert results[Attempt(None, server, port)] == "dropped"


@pytest.mark.parametrize("workload", SILENT.values(), ids=SILENT.keys())
def test_placeholders_call_nobody_and_are_reached_by_their_node_alone(
    kubernetes: Client, workload: Workload, elsewhere: tuple[str, int], results: Mapping[Attempt, str]
) -> None:
    pod = workload.pod(kubernetes)
    assert pod.status
    assert results[Attempt(workload, *elsewhere)] == "dropped"
    assert results[Attempt(None, workload, 80)] == "dropped"
    # Both ends say no: that packet got there, as a kubelet's probe would.
    assert workload.attempt(kubernetes, str(pod.status.hostIP), 80, PASSED_SECONDS) == "refused"


@pytest.mark.parametrize("neighbours", NEIGHBOURS, ids=str)
def test_neighbours_that_need_not_talk_do_not(neighbours: Attempt, results: Mapping[Attempt, str]) -> None:
    assert results[neighbours] == "dropped"


@pytest.mark.parametrize("client", [WORKER, KEDA_ADAPTER, AUTOSCALER], ids=str)
def test_names_are_resolved_everywhere(kubernetes: Client, client: Workload) -> None:
    assert client.attempt(kubernetes, DNS.address(kubernetes), 53, PASSED_SECONDS) == "passed"


@pytest.mark.parametrize("server", [(PROMETHEUS, 9090), (KEDA_ADAPTER, 6443)], ids=["prometheus", "keda-adapter"])
def test_the_api_server_reaches_what_it_has_to(kubernetes: Client, server: tuple[Workload, int]) -> None:
    """It runs on this machine."""
    workload, port = server
    assert attempt(workload.address(kubernetes), port, PASSED_SECONDS) == "passed"


def test_a_customers_connector_reaches_other_systems_and_none_of_ours(
    kubernetes: Client, elsewhere: tuple[str, int]
) -> None:
    assert CONNECTOR.attempt(kubernetes, *elsewhere, PASSED_SECONDS) == "passed"
    own = CONNECTOR.pod(kubernetes).spec
    assert own
    others = [
        address.address
        for node in kubernetes.list(Node)
        if node.metadata and node.metadata.name != own.nodeName
        for address in (node.status.addresses if node.status else None) or []
        if address.type == "InternalIP"
    ]
    services = (str(addresses.SERVICE_NETWORK[1]), 443)
    this_machine = [
        (str(addresses.BRIDGE_ADDRESS), port)
        for port in (addresses.API_SERVER_PORT, addresses.REGISTRY_PORT, addresses.EMULATOR_PORTS[paths.CLUSTER_STACK])
    ]
    targets = [services, *this_machine, (others[0], 10250), (API.address(kubernetes), 8000)]
    results = together(kubernetes, [Attempt(CONNECTOR, *target) for target in targets])
    assert {str(attempt): result for attempt, result in results.items() if result != "dropped"} == {}
