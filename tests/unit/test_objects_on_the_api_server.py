"""What the program creates, asked of a real API server: it takes every object, and every pod by its admission."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from patchbay_local.machine import paths

from tests.http_requests import http
from tests.ports import free_port
from tests.standins.pulumi_plugins.control_plane import ControlPlane
from tests.waiting import eventually

from .conftest import Created, Manifest, Program

# In this order: what others lie in, or are of, comes first.
FIRST = ("Namespace", "CustomResourceDefinition", "PriorityClass", "ServiceAccount")
# Verb, API group, resource, namespace, name.
Right = tuple[str, str, str, str, str]
APPLY = {"Content-Type": "application/apply-patch+yaml"}


def plain(manifest: Manifest) -> dict[str, Any]:
    """The engine's numbers are floating; Kubernetes gets 10001, not 10001.0."""
    text = json.dumps(dict(manifest))
    found: dict[str, Any] = json.loads(
        text, parse_float=lambda digits: int(float(digits)) if digits.endswith(".0") else digits
    )
    return found


def without_nothing(value: Any) -> Any:
    """Without what the provider leaves out, as Kubernetes' own types do: false, empty texts, and empty lists."""
    if isinstance(value, dict):
        kept = {name: without_nothing(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item is not False and item not in ("", [])}
    return [without_nothing(item) for item in value] if isinstance(value, list) else value


class Objects:
    """The API server's own list of where objects of a kind lie."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self._places: dict[str, dict[str, tuple[str, bool]]] = {}

    def apply(self, created: Created, manager: str = "tests", *, force: bool = True) -> None:
        """Strict: an unknown field is refused. Without `force` so is a value that another manager has set otherwise."""
        manifest = plain(created.manifest)
        if not force and created.kind != "CustomResourceDefinition":
            manifest = without_nothing(manifest)
        version = manifest["apiVersion"]
        # A kind is listed a moment after its definition was made.
        eventually(lambda: self._learn(version, created.kind), within=60)
        plural, namespaced = self._places[version][created.kind]
        path = f"{_root(version)}/namespaces/{created.namespace}" if namespaced else _root(version)
        answer = self.client.patch(
            f"{path}/{plural}/{created.object_name}",
            params={"fieldManager": manager, "fieldValidation": "Strict", "force": str(force).lower()},
            headers=APPLY,
            content=json.dumps(manifest),
        )
        assert answer.is_success, f"{created.kind} {created.object_name}: {answer.text}"

    def _learn(self, version: str, kind: str) -> None:
        if kind in self._places.get(version, {}):
            return
        listed = self.client.get(_root(version)).raise_for_status().json()["resources"]
        self._places[version] = {
            item["kind"]: (item["name"], item["namespaced"]) for item in listed if "/" not in item["name"]
        }
        assert kind in self._places[version], f"{version} has no {kind}"


def _root(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path_factory.mktemp("cluster")) as plane:
        yield plane


def objects_of(program: Program) -> list[Created]:
    made = [item for item in program.resources if "metadata" in item.inputs and "apiVersion" in item.inputs]
    assert len(made) > 100
    return made


@pytest.fixture(scope="module")
def admin(plane: ControlPlane, program: Program) -> Iterator[httpx.Client]:
    """A client as the cluster's administrator; all objects are there."""
    with plane.client() as client:
        objects = Objects(client)
        made = objects_of(program)
        # KEDA's own kinds come after their definitions.
        later = [item for item in made if item.type.startswith("kubernetes:keda.sh")]
        for item in sorted(made, key=lambda item: FIRST.index(item.kind) if item.kind in FIRST else len(FIRST)):
            if item not in later:
                objects.apply(item)
        for item in later:
            objects.apply(item)
        yield client


def test_the_api_server_takes_every_object_strictly_and_every_pod(admin: httpx.Client, program: Program) -> None:
    for owner, template in program.pod_templates():
        metadata = {**template["metadata"], "name": owner.object_name, "namespace": owner.namespace}
        # As the StatefulSet's controller gives its pods the volumes of their claims.
        claims = [claim["metadata"]["name"] for claim in owner.inputs["spec"].get("volumeClaimTemplates", [])]
        claimed = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims]
        spec = {**template["spec"], "volumes": [*template["spec"].get("volumes", []), *claimed]}
        pod = plain({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
        answer = admin.post(f"/api/v1/namespaces/{owner.namespace}/pods", params={"dryRun": "All"}, json=pod)
        assert answer.is_success, f"{owner.kind} {owner.object_name}: {answer.text}"


def test_what_an_update_made_before_it_was_interrupted_is_taken_over_by_the_next(
    admin: httpx.Client, program: Program
) -> None:
    """The engine does not know of it, and applies it again as a manager of another name."""
    objects = Objects(admin)
    for created in objects_of(program):
        objects.apply(created, "the-next-update", force=False)


def test_a_placeholder_gives_way_to_a_worker_and_pushes_nobody_out(admin: httpx.Client) -> None:
    classes = {
        item["metadata"]["name"]: item
        for item in admin.get("/apis/scheduling.k8s.io/v1/priorityclasses").raise_for_status().json()["items"]
    }
    assert classes["patchbay-headroom"]["value"] < 0 < classes["patchbay-worker"]["value"]
    assert classes["patchbay-worker"]["preemptionPolicy"] == "PreemptLowerPriority"
    assert classes["patchbay-headroom"]["preemptionPolicy"] == "Never"


def allowed(admin: httpx.Client, right: Right) -> bool:
    """Whether the cluster autoscaler's account may."""
    verb, group, resource, namespace, name = right
    resource, _, part = resource.partition("/")
    asked: dict[str, Any] = {"verb": verb, "group": group, "resource": resource, "subresource": part}
    asked |= {"namespace": namespace, "name": name}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": "system:serviceaccount:kube-system:cluster-autoscaler", "resourceAttributes": asked},
    }
    answer = admin.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", json=review).raise_for_status()
    return bool(answer.json()["status"]["allowed"])


@pytest.mark.parametrize(
    "right",
    [
        *(("watch", "", kind, "", "") for kind in ("pods", "nodes", "services", "namespaces", "persistentvolumes")),
        *(("list", "apps", kind, "", "") for kind in ("replicasets", "statefulsets", "daemonsets")),
        ("list", "policy", "poddisruptionbudgets", "", ""),
        ("watch", "storage.k8s.io", "volumeattachments", "", ""),
        ("watch", "resource.k8s.io", "resourceslices", "", ""),
        ("update", "", "nodes", "", "i-0123456789abcdef0"),
        ("create", "", "pods/eviction", "patchbay-runtime", "shape-map-1"),
        ("create", "", "events", "default", ""),
        ("update", "", "configmaps", "kube-system", "cluster-autoscaler-status"),
        ("create", "", "configmaps", "kube-system", ""),
        ("update", "coordination.k8s.io", "leases", "kube-system", "cluster-autoscaler"),
        ("create", "coordination.k8s.io", "leases", "kube-system", ""),
    ],
)
def test_the_cluster_autoscaler_may_do_its_work(admin: httpx.Client, right: Right) -> None:
    assert allowed(admin, right)


@pytest.mark.parametrize(
    "right",
    [
        ("get", "", "secrets", "patchbay-runtime", "redis"),
        ("get", "", "configmaps", "patchbay-runtime", "database-access"),
        ("update", "", "configmaps", "kube-system", "coredns"),
        ("update", "coordination.k8s.io", "leases", "kube-system", "kube-scheduler"),
        ("create", "coordination.k8s.io", "leases", "keda", ""),
        ("delete", "", "pods", "patchbay-runtime", "shape-map-1"),
        ("create", "", "pods", "patchbay-runtime", ""),
        ("patch", "", "pods", "patchbay-runtime", "shape-map-1"),
        ("delete", "", "nodes", "", "i-0123456789abcdef0"),
        ("update", "apps", "deployments", "patchbay-runtime", "api"),
        ("create", "rbac.authorization.k8s.io", "clusterrolebindings", "", ""),
    ],
)
def test_the_cluster_autoscaler_may_do_nothing_else(admin: httpx.Client, right: Right) -> None:
    assert not allowed(admin, right)


@pytest.mark.parametrize("path", ["/version", "/api/v1/secrets"], ids=["answers", "refuses"])
def test_the_json_exporter_sees_that_the_api_server_answers_whatever_it_answers(
    plane: ControlPlane, program: Program, tmp_path: Path, path: str
) -> None:
    config = tmp_path / "config.yml"
    native = program.one("ConfigMap", "json-exporter").inputs["data"]["config.yml"]
    (mount,) = [
        mount
        for mount in program.one("Deployment", "json-exporter").inputs["spec"]["template"]["spec"]["containers"][0][
            "volumeMounts"
        ]
        if mount["name"] == "authority"
    ]
    config.write_text(
        native.replace(f"{mount['mountPath']}/ca.crt", str(plane.kubeconfig.parent / "certificates" / "apiserver.crt"))
    )
    port = free_port()
    exporter = subprocess.Popen(
        [paths.BIN / "json_exporter", f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}"],
        stderr=subprocess.DEVNULL,
    )
    question = {"module": "kubernetes", "target": f"{plane.address}{path}"}
    deadline = time.monotonic() + 20
    try:
        while True:
            with suppress(httpx.TransportError):
                answer = http.get(f"http://127.0.0.1:{port}/probe", params=question)
                break
            assert exporter.poll() is None, "the exporter ended"
            assert time.monotonic() < deadline, "the exporter does not answer"
            time.sleep(0.05)
    finally:
        exporter.terminate()
        exporter.wait(timeout=10)
    assert answer.status_code == 200
    assert "patchbay_kubernetes_api_answers 1" in answer.text
