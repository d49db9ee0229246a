"""Room for the next burst: what holds it, and who gets it."""

import json
from typing import Any

import pytest
from patchbay_platform.headroom import HeadroomConfig
from patchbay_platform.settings import PlatformSettings
from pydantic import ValidationError

from .conftest import Manifest, Program


def template(program: Program) -> Manifest:
    found: Manifest = program.one("Deployment", "headroom", "patchbay-headroom").inputs["spec"]["template"]
    return found


def priority(program: Program, pod: Manifest) -> Manifest:
    return program.one("PriorityClass", pod["spec"]["priorityClassName"]).inputs


def test_a_worker_pushes_a_placeholder_out_and_the_platform_both_but_no_worker_another(program: Program) -> None:
    pods = {owner.object_name: pod for owner, pod in program.pod_templates() if owner.namespace != "keda"}
    values = {name: priority(program, pods[name])["value"] for name in ("api", "shape-map", "shape-split", "headroom")}
    assert values["api"] > values["shape-map"] == values["shape-split"] > 0 > values["headroom"]
    assert "preemptionPolicy" not in priority(program, pods["shape-map"])
    assert priority(program, pods["headroom"])["preemptionPolicy"] == "Never"


def test_a_placeholder_is_above_what_brings_no_node(local_config: dict[str, str], program: Program) -> None:
    settings = PlatformSettings.model_validate_json(local_config["patchbay:platform"])
    assert settings.cluster_autoscaler is not None
    cutoff = settings.cluster_autoscaler.scale_up.expendable_priority_cutoff
    assert priority(program, template(program))["value"] >= cutoff


def test_a_placeholder_goes_quickly_but_its_going_is_seen_by_whoever_pushed_it_out(program: Program) -> None:
    assert 0 < template(program)["spec"]["terminationGracePeriodSeconds"] <= 2


def test_a_placeholder_takes_what_a_shape_takes(program: Program) -> None:
    pod = template(program)["spec"]
    (placeholder,) = pod["containers"]
    worker = program.one("Deployment", "shape-map").inputs["spec"]["template"]["spec"]["containers"][0]
    assert placeholder["resources"]["requests"] == worker["resources"]["requests"]


def test_placeholders_stand_where_workers_do(program: Program) -> None:
    pod, worker = template(program)["spec"], program.one("Deployment", "shape-map").inputs["spec"]["template"]["spec"]
    assert pod["nodeSelector"] == worker["nodeSelector"]
    assert pod.get("tolerations") == worker.get("tolerations")
    keys = [constraint["topologyKey"] for constraint in pod["topologySpreadConstraints"]]
    assert keys == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]


def test_the_namespace_holds_the_placeholders_and_those_that_are_being_replaced(program: Program) -> None:
    quota = program.one("ResourceQuota", "quota", "patchbay-headroom").inputs["spec"]["hard"]
    replicas = program.one("Deployment", "headroom").inputs["spec"]["replicas"]
    assert int(quota["pods"]) == 2 * replicas


def test_the_quota_counts_in_the_units_of_the_slots() -> None:
    quota = HeadroomConfig(pods=3, cpu="250m", memory="1Gi").quota
    assert (quota.cpu, quota.memory, quota.pods) == ("1500m", "6144Mi", 6)


@pytest.mark.parametrize("config", [{"pods": 0}, {"pods": 1, "cpu": "0m"}, {"pods": 1, "memory": "1"}])
def test_a_slot_without_size_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HeadroomConfig.model_validate(config)


def test_headroom_without_anything_that_adds_nodes_is_refused(local_config: dict[str, str]) -> None:
    values = json.loads(local_config["patchbay:platform"])
    del values["clusterAutoscaler"]
    with pytest.raises(ValidationError, match="set clusterAutoscaler, or remove headroom"):
        PlatformSettings.model_validate(values)
    del values["headroom"]
    assert PlatformSettings.model_validate(values).headroom is None
