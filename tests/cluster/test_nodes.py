"""The local cluster is real: nodes, zones, authorizers and admission as on EKS."""

import subprocess

import pytest
from lightkube import Client
from lightkube.core.exceptions import ApiError
from lightkube.models.core_v1 import Container, PodSpec, SecurityContext
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Node, Pod, Secret
from patchbay_local.machine import paths

from tests.waiting import eventually

ZONE = "topology.kubernetes.io/zone"


def ready(node: Node) -> bool:
    assert node.status
    return any(c.type == "Ready" and c.status == "True" for c in node.status.conditions or [])


def test_three_nodes_are_ready_in_three_zones(kubernetes: Client) -> None:
    def three() -> None:
        nodes = [node for node in kubernetes.list(Node) if ready(node)]
        zones = {node.metadata.labels[ZONE] for node in nodes if node.metadata and node.metadata.labels}
        assert len(nodes) >= 3
        assert len(zones) == 3

    eventually(three, within=120)


def test_each_node_is_tied_to_an_instance_of_its_zone(kubernetes: Client) -> None:
    for node in kubernetes.list(Node):
        assert node.metadata
        assert node.metadata.labels
        assert node.spec
        assert node.spec.providerID
        assert node.spec.providerID == f"aws:///{node.metadata.labels[ZONE]}/{node.metadata.name}"


def test_a_pod_that_may_become_root_is_refused_where_customers_processes_run(kubernetes: Client) -> None:
    pod = Pod(
        metadata=ObjectMeta(name="root", namespace="patchbay-runtime"),
        spec=PodSpec(containers=[Container(name="main", image="unused", securityContext=SecurityContext(runAsUser=0))]),
    )
    with pytest.raises(ApiError, match="violates PodSecurity") as refusal:
        kubernetes.create(pod)
    assert refusal.value.status.code == 403


def test_a_node_reads_no_secret_of_a_pod_that_it_does_not_run(kubernetes: Client) -> None:
    node = next(iter(kubernetes.list(Node))).metadata
    assert node
    secret = Secret(metadata=ObjectMeta(name="unmounted", namespace="patchbay-runtime"), stringData={"key": "value"})
    kubernetes.apply(secret)
    try:
        answer = subprocess.run(
            [
                paths.BIN / "kubectl",
                f"--kubeconfig={paths.KUBECONFIG}",
                f"--as=system:node:{node.name}",
                "--as-group=system:nodes",
                "--namespace=patchbay-runtime",
                "get",
                "secret",
                "unmounted",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        kubernetes.delete(Secret, "unmounted", namespace="patchbay-runtime")
    assert answer.returncode != 0
    assert "no relationship found between node" in answer.stderr


def test_plain_kubectl_uses_the_kubeconfig(kubernetes: Client) -> None:
    assert kubernetes
    names = subprocess.run(
        [paths.BIN / "kubectl", f"--kubeconfig={paths.KUBECONFIG}", "get", "nodes", "--output=name"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert len(names) >= 3
