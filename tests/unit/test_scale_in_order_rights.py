"""What the account that writes the pods' costs may do, asked of a real API server with the program's own objects."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.standins.pulumi_plugins.control_plane import ControlPlane

from .conftest import Program

NAMESPACE = "patchbay-runtime"
COST = "controller.kubernetes.io/pod-deletion-cost"
PATHS = {
    "ServiceAccount": f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts",
    "Role": f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/roles",
    "RoleBinding": f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/rolebindings",
    "ValidatingAdmissionPolicy": "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
}
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
PATCH = {"Content-Type": "application/merge-patch+json"}
POD = {
    "metadata": {"name": "shape-map-1", "labels": {"patchbay.dev/shape": "map"}, "annotations": {"kept": "1"}},
    "spec": {"containers": [{"name": "worker", "image": "none.example/none"}]},
}


@pytest.fixture(scope="module")
def account(program: Program, control_plane: ControlPlane) -> Iterator[httpx.Client]:
    """A client as the account; a worker's pod is there."""
    with control_plane.client() as admin, control_plane.client() as client:
        # Tests of other accounts make it as well.
        assert admin.post("/api/v1/namespaces", json={"metadata": {"name": NAMESPACE}}).status_code in {201, 409}
        for kind, path in PATHS.items():
            name = "scale-in-order" if NAMESPACE in path else "patchbay-scale-in-order"
            admin.post(path, json=dict(program.one(kind, name).inputs)).raise_for_status()
        admin.post(PODS, json=POD).raise_for_status()
        client.headers["Authorization"] = f"Bearer {control_plane.token_of(NAMESPACE, 'scale-in-order')}"
        wait_until_enforced(client)
        yield client


def patch(client: httpx.Client, change: dict[str, Any]) -> httpx.Response:
    return client.patch(f"{PODS}/shape-map-1", json=change, headers=PATCH)


def wait_until_enforced(client: httpx.Client) -> None:
    """The API server takes up a new right and a new policy a moment after it was made."""
    deadline = time.monotonic() + 60
    # 403: the right is not known yet.
    while patch(client, {"metadata": {"annotations": {"probe": str(time.monotonic())}}}).status_code != 422:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_account_lists_pods_and_writes_their_costs(account: httpx.Client) -> None:
    assert [item["metadata"]["name"] for item in account.get(PODS).raise_for_status().json()["items"]] == [
        "shape-map-1"
    ]
    for cost in ("3", "8", "0"):
        answer = patch(account, {"metadata": {"annotations": {COST: cost}}}).raise_for_status().json()
        assert answer["metadata"]["annotations"][COST] == cost
        assert answer["metadata"]["annotations"]["kept"] == "1"


@pytest.mark.parametrize(
    "change",
    [
        {"spec": {"containers": [{"name": "worker", "image": "other.example/other"}]}},
        {"spec": {"activeDeadlineSeconds": 1}},
        {"metadata": {"labels": {"patchbay.dev/shape": "filter"}}},
        {"metadata": {"labels": None}},
        {"metadata": {"annotations": {"other": "1"}}},
        {"metadata": {"annotations": {"kept": "2"}}},
        {"metadata": {"annotations": {"kept": None}}},
        {"metadata": {"finalizers": ["example.com/held"]}},
        {"metadata": {"annotations": {COST: "5"}, "labels": {"new": "1"}}},
    ],
    ids=str,
)
def test_the_account_changes_nothing_else_of_a_pod(account: httpx.Client, change: dict[str, Any]) -> None:
    answer = patch(account, change)
    assert answer.status_code == 422, answer.text
    assert f"may change {COST} only" in answer.json()["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/api/v1/namespaces/{NAMESPACE}/secrets"),
        ("GET", f"{PODS}/shape-map-1/log"),
        ("POST", f"{PODS}/shape-map-1/exec"),
        ("POST", f"{PODS}/shape-map-1/eviction"),
        ("DELETE", f"{PODS}/shape-map-1"),
        ("PATCH", f"{PODS}/shape-map-1/status"),
        ("POST", PODS),
        ("GET", "/api/v1/namespaces/kube-system/pods"),
        ("GET", "/api/v1/pods"),
        ("GET", "/api/v1/nodes"),
        ("GET", f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"),
    ],
)
def test_the_account_has_no_other_right(account: httpx.Client, method: str, path: str) -> None:
    headers = PATCH if method == "PATCH" else {"Content-Type": "application/json"}
    assert account.request(method, path, content="{}", headers=headers).status_code == 403
