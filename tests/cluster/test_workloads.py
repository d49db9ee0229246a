"""What runs on the cluster, as whom, and with which rights."""

import base64
import re
import stat
from collections.abc import Iterator

import pytest
import testinfra
from lightkube import Client
from lightkube.models.authorization_v1 import ResourceAttributes, SubjectAccessReviewSpec
from lightkube.models.core_v1 import Container
from lightkube.resources.apps_v1 import Deployment, StatefulSet
from lightkube.resources.authorization_v1 import SubjectAccessReview
from lightkube.resources.core_v1 import Namespace, Pod, Secret, ServiceAccount
from patchbay_local.machine import paths

from tests.waiting import eventually

NAMESPACES = ("patchbay-data", "patchbay-gateway", "patchbay-metrics", "patchbay-runtime")


def pods(kubernetes: Client, namespace: str) -> list[Pod]:
    found = [pod for pod in kubernetes.list(Pod, namespace=namespace) if pod.status and pod.status.phase == "Running"]
    assert found, f"no pod runs in {namespace}"
    return found


def containers(pod: Pod) -> Iterator[Container]:
    assert pod.spec
    yield from pod.spec.containers
    yield from pod.spec.initContainers or []


def name(pod: Pod) -> str:
    assert pod.metadata
    assert pod.metadata.name
    return pod.metadata.name


def running_worker(kubernetes: Client, shape: str) -> str:
    found = kubernetes.list(Pod, namespace="patchbay-runtime", labels={"patchbay.dev/shape": shape})
    return next(name(pod) for pod in found if pod.status and pod.status.phase == "Running")


def shell(namespace: str, pod: str) -> testinfra.host.Host:
    return testinfra.get_host(f"kubectl://{pod}?namespace={namespace}&kubeconfig={paths.KUBECONFIG}")


@pytest.fixture(autouse=True)
def kubectl_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(paths.BIN), prepend=":")


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_every_namespace_of_ours_enforces_the_restricted_level(kubernetes: Client, namespace: str) -> None:
    metadata = kubernetes.get(Namespace, namespace).metadata
    assert metadata
    assert metadata.labels
    assert metadata.labels["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("namespace", [*NAMESPACES, "keda"])
def test_everything_that_is_deployed_is_available(kubernetes: Client, namespace: str) -> None:
    def available() -> None:
        workloads: list[Deployment | StatefulSet] = [*kubernetes.list(Deployment, namespace=namespace)]
        workloads += kubernetes.list(StatefulSet, namespace=namespace)
        assert workloads
        for workload in workloads:
            assert workload.metadata
            assert workload.spec
            assert workload.status
            assert workload.status.readyReplicas == workload.spec.replicas, f"{namespace}/{workload.metadata.name}"

    # A probe that a busy machine answers late takes a pod out for a moment.
    eventually(available, within=120)


@pytest.mark.parametrize("namespace", [*NAMESPACES, "keda"])
def test_every_container_runs_an_image_by_digest_with_limits_and_without_privileges(
    kubernetes: Client, namespace: str
) -> None:
    for pod in pods(kubernetes, namespace):
        for container in containers(pod):
            where = f"{namespace}/{name(pod)}/{container.name}"
            assert container.image
            assert re.search(r"@sha256:[0-9a-f]{64}$", container.image), where
            assert container.resources, where
            assert set(container.resources.requests or {}) >= {"cpu", "memory"}, where
            assert "memory" in (container.resources.limits or {}), where
            context = container.securityContext
            assert context, where
            assert context.allowPrivilegeEscalation is False, where
            assert context.readOnlyRootFilesystem is True, where
            assert context.capabilities, where
            assert context.capabilities.drop == ["ALL"], where


def test_a_worker_runs_as_an_ordinary_user_on_a_read_only_file_system(kubernetes: Client) -> None:
    worker = running_worker(kubernetes, "map")
    host = shell("patchbay-runtime", worker)
    assert host.check_output("id -u") == "10001"
    assert host.run("touch /patchbay").failed
    assert host.run("touch /usr/patchbay").failed


def test_a_worker_holds_no_token_of_the_kubernetes_api(kubernetes: Client) -> None:
    worker = running_worker(kubernetes, "map")
    assert shell("patchbay-runtime", worker).run("ls /var/run/secrets/kubernetes.io").failed


def test_no_secret_stands_in_a_workers_environment(kubernetes: Client) -> None:
    worker = running_worker(kubernetes, "map")
    environment = shell("patchbay-runtime", worker).check_output("env")
    assert not re.search(r"PASSWORD=|_TOKEN=|SECRET=", environment)


def may(kubernetes: Client, account: str, verb: str, resource: str, namespace: str) -> bool:
    owner, _, account_name = account.partition("/")
    review = SubjectAccessReview(
        spec=SubjectAccessReviewSpec(
            user=f"system:serviceaccount:{owner}:{account_name}",
            groups=["system:serviceaccounts", f"system:serviceaccounts:{owner}", "system:authenticated"],
            resourceAttributes=ResourceAttributes(
                verb=verb, resource=resource.partition(".")[0], group=resource.partition(".")[2], namespace=namespace
            ),
        )
    )
    answer = kubernetes.create(review)
    assert answer.status
    return answer.status.allowed


# What puts pods in the order in which they go has to see them.
GRANTED = {("scale-in-order", "list", "pods")}


@pytest.mark.parametrize("namespace", ["patchbay-gateway", "patchbay-metrics", "patchbay-runtime"])
def test_no_service_account_has_a_right_in_the_kubernetes_api_but_its_own_work(
    kubernetes: Client, namespace: str
) -> None:
    accounts = list(kubernetes.list(ServiceAccount, namespace=namespace))
    assert accounts
    for account in accounts:
        assert account.metadata
        for verb, resource in (("get", "secrets"), ("list", "pods"), ("create", "pods"), ("get", "configmaps")):
            granted = may(kubernetes, f"{namespace}/{account.metadata.name}", verb, resource, namespace)
            assert granted is ((account.metadata.name, verb, resource) in GRANTED), (
                f"{account.metadata.name} and {verb} {resource}"
            )


@pytest.mark.parametrize("secret", ["administrator", "sealing"])
def test_the_keys_of_the_api_reach_its_own_pods_alone(kubernetes: Client, secret: str) -> None:
    holders = {
        (pod.metadata.labels or {}).get("app.kubernetes.io/name")
        for namespace in NAMESPACES
        for pod in pods(kubernetes, namespace)
        if pod.metadata and pod.spec
        for volume in pod.spec.volumes or []
        if volume.secret and volume.secret.secretName == secret
    }
    assert holders == {"api"}


def test_this_machine_s_root_has_the_administrator_s_key_in_a_file_and_nobody_else(kubernetes: Client) -> None:
    made = kubernetes.get(Secret, "administrator", namespace="patchbay-runtime")
    assert made.data
    assert base64.b64decode(made.data["key"]).decode() == paths.ADMINISTRATOR_KEY.read_text().strip()
    found = paths.ADMINISTRATOR_KEY.stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid) == (0o600, 0)


def test_keda_scales_shapes_but_reads_no_secret(kubernetes: Client) -> None:
    assert may(kubernetes, "keda/keda-operator", "update", "horizontalpodautoscalers.autoscaling", "patchbay-runtime")
    assert not may(kubernetes, "keda/keda-operator", "list", "secrets", "patchbay-data")
