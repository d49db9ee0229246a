"""Every shape of the catalogue is a microservice of its own, scaled by its own metric."""

from typing import Any, cast

import pytest
from lightkube import Client
from lightkube.generic_resource import create_namespaced_resource
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.autoscaling_v2 import HorizontalPodAutoscaler
from lightkube.resources.core_v1 import Endpoints, ServiceAccount
from lightkube.resources.policy_v1 import PodDisruptionBudget
from patchbay_runtime.catalog import CATALOG

from tests.waiting import eventually

NAMESPACE = "patchbay-runtime"
ScaledObject = create_namespaced_resource("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects")


@pytest.mark.parametrize("shape", sorted(CATALOG))
def test_a_shape_has_a_deployment_an_account_and_a_disruption_budget_of_its_own(kubernetes: Client, shape: str) -> None:
    deployment = kubernetes.get(Deployment, f"shape-{shape}", namespace=NAMESPACE)
    assert deployment.spec
    assert deployment.spec.template.spec
    assert deployment.spec.template.spec.serviceAccountName == f"shape-{shape}"
    assert (deployment.spec.template.spec.terminationGracePeriodSeconds or 0) >= CATALOG[shape].longest_step_seconds
    assert kubernetes.get(ServiceAccount, f"shape-{shape}", namespace=NAMESPACE)
    assert kubernetes.get(PodDisruptionBudget, f"shape-{shape}", namespace=NAMESPACE)


@pytest.mark.parametrize("shape", sorted(CATALOG))
def test_a_shape_is_scaled_by_keda_within_the_catalogues_bounds(kubernetes: Client, shape: str) -> None:
    def scaled() -> dict[str, Any]:
        found = kubernetes.get(ScaledObject, f"shape-{shape}", namespace=NAMESPACE)
        return cast("dict[str, Any]", found.status or {})

    def metric_is_read() -> None:
        conditions = {condition["type"]: condition["status"] for condition in scaled().get("conditions", [])}
        assert conditions.get("Ready") == "True"
        assert conditions.get("Fallback") == "False"

    # KEDA tells it of a new object at its first look.
    eventually(metric_is_read, within=60)
    autoscaler = kubernetes.get(HorizontalPodAutoscaler, scaled()["hpaName"], namespace=NAMESPACE)
    assert autoscaler.spec
    assert (autoscaler.spec.minReplicas, autoscaler.spec.maxReplicas) == (
        CATALOG[shape].min_pods,
        CATALOG[shape].max_pods,
    )


def test_the_api_has_two_pods_in_its_service(kubernetes: Client) -> None:
    def both() -> None:
        endpoints = kubernetes.get(Endpoints, "api", namespace=NAMESPACE)
        addresses = [address.ip for subset in endpoints.subsets or [] for address in subset.addresses or []]
        assert len(addresses) >= 2

    eventually(both, within=120)
