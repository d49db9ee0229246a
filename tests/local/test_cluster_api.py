"""What bringing the cluster up asks of its API server: against a real one."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx2 import HTTPError
from patchbay_local.kubernetes.cluster.api import Api

from tests.standins.pulumi_plugins.control_plane import ControlPlane
from tests.waiting import until

PODS = "/api/v1/namespaces/default/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
CONTAINERS = [{"name": "main", "image": "example"}]


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    # No controller changes what the tests write as a kubelet or a controller would.
    with ControlPlane(tmp_path_factory.mktemp("cluster"), controllers="namespace-controller") as plane:
        yield plane


@pytest.fixture
def client(plane: ControlPlane) -> Iterator[httpx.Client]:
    with plane.client() as client:
        yield client


@pytest.fixture
def api(plane: ControlPlane) -> Iterator[Api]:
    with closing(Api(plane.kubeconfig)) as api:
        yield api


def create(client: httpx.Client, path: str, body: dict[str, Any]) -> None:
    answer = client.post(path, json=body)
    assert answer.is_success, answer.text


def patch(client: httpx.Client, path: str, body: dict[str, Any]) -> None:
    answer = client.patch(path, json=body, headers={"Content-Type": "application/merge-patch+json"})
    assert answer.is_success, answer.text


def make_node(client: httpx.Client, name: str, *, ready: str) -> None:
    conditions = [{"type": "DiskPressure", "status": "True"}, {"type": "Ready", "status": ready}]
    create(client, "/api/v1/nodes", {"metadata": {"name": name}, "status": {"conditions": conditions}})


def make_pod(client: httpx.Client, name: str, node: str) -> None:
    # With a grace that only a kubelet would see through.
    spec = {"nodeName": node, "containers": CONTAINERS, "terminationGracePeriodSeconds": 600}
    create(client, PODS, {"metadata": {"name": name}, "spec": spec})


def test_a_ready_node_is_told_from_one_that_is_not(api: Api, client: httpx.Client) -> None:
    make_node(client, "well", ready="True")
    make_node(client, "ill", ready="Unknown")
    found = api.node_readiness()
    assert (found["well"], found["ill"]) == (True, False)


def test_a_node_that_is_gone_for_good_takes_its_pods_along_and_no_others(api: Api, client: httpx.Client) -> None:
    for name in ("gone", "stays"):
        make_node(client, name, ready="True")
        make_pod(client, f"pod-of-{name}", name)
    api.delete_node("gone")
    assert "gone" not in api.node_readiness()
    left = [item["metadata"]["name"] for item in client.get(PODS).json()["items"]]
    assert left == ["pod-of-stays"]
    api.delete_node("gone")  # nothing to do, and no error


def test_a_deployment_is_available_when_its_controller_says_so_of_what_it_has_seen(
    api: Api, client: httpx.Client
) -> None:
    assert not api.deployment_is_available("default", "web")
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": CONTAINERS}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    create(client, DEPLOYMENTS, {"metadata": {"name": "web"}, "spec": spec})
    assert not api.deployment_is_available("default", "web")
    available = {"observedGeneration": 1, "conditions": [{"type": "Available", "status": "True"}]}
    patch(client, f"{DEPLOYMENTS}/web/status", {"status": available})
    assert api.deployment_is_available("default", "web")
    patch(client, f"{DEPLOYMENTS}/web", {"spec": {"replicas": 2}})
    assert not api.deployment_is_available("default", "web")


def test_the_kubelets_last_words_are_the_renewals_of_their_leases(api: Api, client: httpx.Client) -> None:
    # The API server makes this namespace itself.
    until(
        lambda: client.get("/api/v1/namespaces/kube-node-lease").is_success, "no namespace for nodes' leases", within=60
    )
    create(client, LEASES, {"metadata": {"name": "silent"}, "spec": {}})
    create(client, LEASES, {"metadata": {"name": "heard"}, "spec": {"renewTime": "2026-01-02T03:04:05.000006Z"}})
    found = api.lease_renewals()
    assert {name: str(when) for name, when in found.items()} == {"heard": "2026-01-02 03:04:05.000006+00:00"}


def test_an_api_server_that_is_away_is_not_ready_and_an_error_of_every_other_call(
    plane: ControlPlane, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "kubeconfig"
    elsewhere.write_text(plane.kubeconfig.read_text().replace(plane.address, "http://127.0.0.1:1"))
    (tmp_path / "certificates").symlink_to(plane.kubeconfig.parent / "certificates")
    with closing(Api(elsewhere)) as api:
        assert not api.is_ready()
        with pytest.raises(HTTPError):
            api.node_readiness()


def test_readiness_is_what_the_api_server_says(api: Api) -> None:
    until(api.is_ready, "the API server is not ready", within=60)
