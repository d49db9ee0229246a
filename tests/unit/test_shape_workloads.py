"""Each shape of the catalogue: its pods, and what scales them."""

import pytest
from patchbay_config.errors import ConfigError
from patchbay_platform.host_cluster import HostCluster
from patchbay_platform.limits import LimitsConfig
from patchbay_platform.shapes import check
from patchbay_runtime.catalog import CATALOG, Shape
from patchbay_runtime.settings import Settings

from .conftest import Manifest, Program

SHAPES = [pytest.param(shape, id=shape.name) for shape in CATALOG.values()]
NAMESPACE = "patchbay-runtime"


def deployment(program: Program, shape: Shape) -> Manifest:
    spec: Manifest = program.one("Deployment", f"shape-{shape.name}").inputs["spec"]
    return spec


def scaled_object(program: Program, shape: Shape) -> Manifest:
    spec: Manifest = program.one("ScaledObject", f"shape-{shape.name}").inputs["spec"]
    return spec


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_is_a_deployment_an_account_a_disruption_budget_and_a_scaled_object(
    program: Program, shape: Shape
) -> None:
    for kind in ("Deployment", "ServiceAccount", "PodDisruptionBudget", "ScaledObject"):
        assert program.one(kind, f"shape-{shape.name}").namespace == NAMESPACE


def test_every_shape_of_the_catalogue_is_scaled_and_nothing_else_is(program: Program) -> None:
    assert {item.object_name for item in program.of("ScaledObject")} == {f"shape-{name}" for name in CATALOG}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_bill_tells_the_shapes_pods_apart_by_labels_that_aws_imports(program: Program, shape: Shape) -> None:
    """AWS takes the first 50 labels of a pod (Data Exports' guide, "Using Kubernetes labels for cost allocation")."""
    labels = deployment(program, shape)["template"]["metadata"]["labels"]
    assert labels["patchbay.dev/shape"] == shape.name
    assert "app.kubernetes.io/name" in labels
    assert len(labels) <= 50


@pytest.mark.parametrize("shape", SHAPES)
def test_no_update_sets_the_pods_that_the_autoscaler_chose(program: Program, shape: Shape) -> None:
    assert "replicas" not in deployment(program, shape)


def test_the_api_and_every_worker_know_the_limits_on_processes(program: Program) -> None:
    """By the names that the program itself reads."""
    workloads = [f"shape-{name}" for name in CATALOG] + ["api"]
    for name in workloads:
        (container,) = program.one("Deployment", name, NAMESPACE).inputs["spec"]["template"]["spec"]["containers"]
        given = {variable["name"]: variable["value"] for variable in container["env"] if "value" in variable}
        limits = LimitsConfig()
        assert given["PATCHBAY_MOST_RUN_PROCESSES"] == str(limits.run_processes), name
        assert given["PATCHBAY_MOST_OPEN_PROCESSES"] == str(limits.open_processes), name
    assert {"most_run_processes", "most_open_processes"} <= Settings.model_fields.keys()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_worker_runs_its_shape_with_the_resources_of_the_catalogue(program: Program, shape: Shape) -> None:
    (worker,) = deployment(program, shape)["template"]["spec"]["containers"]
    assert worker["args"] == ["worker", "--shape", shape.name]
    assert worker["resources"]["requests"] == {"cpu": shape.cpu_request, "memory": shape.memory_request}
    assert worker["resources"]["limits"]["memory"] == shape.memory_limit
    assert worker["resources"]["limits"].get("cpu") == shape.cpu_limit


@pytest.mark.parametrize("shape", SHAPES)
def test_a_leaving_worker_has_time_for_its_longest_step(program: Program, shape: Shape) -> None:
    pod = deployment(program, shape)["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > shape.longest_step_seconds


@pytest.mark.parametrize("shape", SHAPES)
def test_an_update_takes_no_worker_away_before_its_successor_is_ready(program: Program, shape: Shape) -> None:
    assert deployment(program, shape)["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


@pytest.mark.parametrize("shape", SHAPES)
def test_the_disruption_budget_and_the_deployment_mean_the_same_pods(program: Program, shape: Shape) -> None:
    budget = program.one("PodDisruptionBudget", f"shape-{shape.name}").inputs["spec"]
    labels = deployment(program, shape)["template"]["metadata"]["labels"]
    assert labels["patchbay.dev/shape"] == shape.name
    assert budget["selector"]["matchLabels"] == deployment(program, shape)["selector"]["matchLabels"] == labels


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_scales_within_the_bounds_of_the_catalogue(program: Program, shape: Shape) -> None:
    spec = scaled_object(program, shape)
    assert spec["scaleTargetRef"]["name"] == f"shape-{shape.name}"
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (shape.min_pods, shape.max_pods)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_trigger_reads_the_pods_that_the_recording_rule_computes(program: Program, shape: Shape) -> None:
    (trigger,) = scaled_object(program, shape)["triggers"]
    assert (trigger["type"], trigger["metricType"]) == ("prometheus", "AverageValue")
    assert trigger["metadata"]["query"] == f'patchbay:shape_pods:desired{{shape="{shape.name}"}}'
    assert trigger["metadata"]["threshold"] == "1"


@pytest.mark.parametrize("shape", SHAPES)
def test_lost_counts_hold_the_pods_that_run(program: Program, shape: Shape) -> None:
    spec = scaled_object(program, shape)
    assert spec["triggers"][0]["metadata"]["ignoreNullValues"] == "false"
    assert spec["fallback"]["behavior"] == "currentReplicas"


@pytest.mark.parametrize("shape", SHAPES)
def test_scaling_up_is_immediate_to_any_size_and_exact_above_ten_pods(program: Program, shape: Shape) -> None:
    behavior = scaled_object(program, shape)["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    up = behavior["scaleUp"]
    assert up["stabilizationWindowSeconds"] == 0
    assert any(
        policy["type"] == "Pods" and policy["value"] >= shape.max_pods - shape.min_pods for policy in up["policies"]
    )
    assert up["tolerance"] == behavior["scaleDown"]["tolerance"] == "0"


def test_the_connector_may_have_the_thirteen_pods_that_the_proof_asks_for() -> None:
    assert CATALOG["http-connector"].max_pods >= 96 // CATALOG["http-connector"].threshold + 1


@pytest.mark.parametrize("version", ["1.33", "1.34"])
def test_a_kubernetes_without_a_tolerance_of_an_hpa_s_own_is_refused_with_the_remedy(version: str) -> None:
    with pytest.raises(ConfigError, match=r"infra\.clusters: version: .* set it to 1\.35 or later"):
        check(CATALOG, HostCluster("example", "eu-central-1", version=version))


def test_a_kubernetes_with_it_is_taken_and_without_large_shapes_any_is() -> None:
    check(CATALOG, HostCluster("example", "eu-central-1", version="1.35"))
    small = {name: shape.model_copy(update={"max_pods": 10}) for name, shape in CATALOG.items()}
    check(small, HostCluster("example", "eu-central-1", version="1.34"))


@pytest.mark.parametrize("shape", SHAPES)
def test_scaling_down_waits_for_the_configured_time(program: Program, shape: Shape) -> None:
    behavior = scaled_object(program, shape)["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behavior["scaleDown"]["stabilizationWindowSeconds"] == 15
