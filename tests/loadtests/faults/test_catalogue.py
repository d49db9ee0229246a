"""The set of faults, and what some of them prepare."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from patchbay_loadtests.commands.faults import app
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.faults.catalogue.clock import OFFSET_SECONDS, pod_ahead
from patchbay_loadtests.faults.catalogue.disk import bytes_to_fill
from patchbay_loadtests.faults.catalogue.faults import FAULTS, SHORT, named
from patchbay_loadtests.faults.catalogue.nodes import two_of_a_zone
from patchbay_loadtests.faults.flows import long_flow, poison_flow, steady_flow
from patchbay_runtime.flows.validation import check_flow
from typer.testing import CliRunner

REPOSITORY = Path(__file__).resolve().parents[3]
ALERTS = REPOSITORY / "platform" / "patchbay_platform" / "prometheus" / "native"

TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"app.kubernetes.io/name": "worker", "patchbay.dev/shape": "http-connector"}},
    "spec": {
        "nodeSelector": {"patchbay.dev/pool": "flows"},
        "topologySpreadConstraints": [{"maxSkew": 1}],
        "containers": [{"name": "worker", "image": "runtime@sha256:0", "env": [{"name": "A", "value": "b"}]}],
    },
}


def node(name: str, zone: str, pool: str | None = None) -> dict[str, Any]:
    labels = {"topology.kubernetes.io/zone": zone, **({"patchbay.dev/pool": pool} if pool else {})}
    return {"metadata": {"name": name, "labels": labels}}


def test_there_are_at_least_fifteen_faults_and_each_has_a_name_a_question_and_an_alert() -> None:
    assert len(FAULTS) >= 15
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert all(fault.question.endswith("?") and fault.alert for fault in FAULTS)
    assert len(SHORT) == 5
    assert set(SHORT) <= set(FAULTS)


def test_every_faults_alert_is_one_of_the_platforms() -> None:
    files = sorted(ALERTS.glob("alerts*.yml"))
    groups = [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    alerts = {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}
    assert {fault.alert for fault in FAULTS} <= alerts


def test_the_manual_tells_every_fault() -> None:
    manual = (REPOSITORY / "docs" / "faults.md").read_text()
    assert not [fault.name for fault in FAULTS if f"`{fault.name}`" not in manual]


def test_faults_are_chosen_by_name_in_their_own_order() -> None:
    assert [fault.name for fault in named(["redis-away", "worker-killed"])] == ["worker-killed", "redis-away"]
    with pytest.raises(ValueError, match=r"no fault is called redis-gone; there are .*redis-away"):
        named(["redis-gone"])


def test_the_list_shows_every_fault() -> None:
    shown = CliRunner().invoke(app, ["list"])
    assert shown.exit_code == 0
    assert all(fault.name in shown.output for fault in FAULTS)


def test_a_fault_that_does_not_exist_ends_with_code_2() -> None:
    refused = CliRunner().invoke(app, ["run", "--only", "redis-gone"])
    assert refused.exit_code == 2
    assert "redis-gone" in refused.output


@pytest.mark.parametrize("flow", [steady_flow, long_flow, poison_flow])
def test_the_flows_are_valid(flow: Any) -> None:
    check_flow(flow("http://10.89.0.1:4000/deliveries"))


def test_the_zone_with_nodes_of_workers_loses_two_those_first() -> None:
    nodes = [node("a1", "a"), node("a2", "a"), node("b1", "b"), node("b2", "b", "flows"), node("c1", "c", "flows")]
    assert two_of_a_zone(nodes) == ["b2", "b1"]
    with pytest.raises(UnusableEnvironmentError, match="no zone has two nodes"):
        two_of_a_zone([node("a1", "a"), node("b1", "b")])


def test_a_pod_with_another_clock_is_like_its_deployments_but_on_the_node_and_ahead() -> None:
    before = json.dumps(TEMPLATE)
    pod = pod_ahead(TEMPLATE, "shape-http-connector", "patchbay-runtime", "i-0123456789abcdef0")
    (container,) = pod["spec"]["containers"]
    variables = {variable["name"]: variable["value"] for variable in container["env"]}
    assert variables["A"] == "b"
    assert variables["PATCHBAY_CLOCK_OFFSET"] == str(OFFSET_SECONDS)
    assert variables["LD_PRELOAD"].startswith(container["volumeMounts"][0]["mountPath"])
    assert TEMPLATE["metadata"]["labels"].items() <= pod["metadata"]["labels"].items()
    assert "i-0123456789abcdef0" in json.dumps(pod["spec"]["affinity"])
    assert json.dumps(TEMPLATE) == before


def test_a_disk_is_filled_but_for_less_than_a_kubelet_wants_free() -> None:
    assert bytes_to_fill(free=900, total=1000) == 860
    assert bytes_to_fill(free=10, total=1000) == 1
