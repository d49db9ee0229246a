"""What is read of cluster, alerts and runs while something fails."""

import threading
import time
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.faults.alerts import AlertWatch, firing, first_moment
from patchbay_loadtests.faults.catalogue.fault import Fault
from patchbay_loadtests.faults.catalogue.metrics import ExporterAway, PrometheusAway
from patchbay_loadtests.faults.catalogue.stores import RedisAway
from patchbay_loadtests.faults.catalogue.workers import KillWorker
from patchbay_loadtests.faults.drill import alert_due
from patchbay_loadtests.faults.health import fixed_nodes, lacking, missing_nodes
from patchbay_loadtests.faults.receiver import Receiver
from patchbay_loadtests.faults.stage import has_back_off

from tests.http_requests import http


def workload(wanted: int = 2, *, generation: int = 3, **status: int) -> dict[str, Any]:
    whole = {"replicas": wanted, "readyReplicas": wanted, "updatedReplicas": wanted, "observedGeneration": 3}
    return {
        "metadata": {"name": "api", "generation": generation},
        "spec": {"replicas": wanted},
        "status": {**whole, **status},
    }


def node(name: str, group: str, *, ready: str = "True", pool: str | None = None, **conditions: str) -> dict[str, Any]:
    labels = {"eks.amazonaws.com/nodegroup": group, **({"patchbay.dev/pool": pool} if pool else {})}
    states = {"Ready": ready, **conditions}
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {},
        "status": {"conditions": [{"type": kind, "status": status} for kind, status in states.items()]},
    }


def test_a_workload_is_whole_when_every_pod_is_ready_and_of_its_latest_version() -> None:
    assert lacking(workload()) is None
    assert lacking(workload(readyReplicas=1)) == "api has 1 of 2 pods ready"
    assert lacking(workload(updatedReplicas=1)) is not None
    assert lacking(workload(replicas=3)) is not None
    assert lacking(workload(generation=4)) == "api is about to change"


def test_a_group_of_fixed_size_must_have_all_its_nodes_again_and_one_that_scales_need_not() -> None:
    before = [node("s1", "system"), node("s2", "system"), node("f1", "flows", pool="flows")]
    fixed = fixed_nodes(before)
    assert fixed == {"system": 2}
    assert missing_nodes(before, fixed) == []
    assert missing_nodes(before[:2], fixed) == []
    assert missing_nodes([before[0], before[2]], fixed) == ["group system has 1 of 2 nodes"]


def test_a_node_that_is_registered_but_not_well_is_missed() -> None:
    assert missing_nodes([node("f1", "flows", ready="Unknown", pool="flows")], {}) == ["node f1 is not well"]
    assert missing_nodes([node("f1", "flows", DiskPressure="True", pool="flows")], {}) == ["node f1 is not well"]


def test_only_alerts_that_fire_count() -> None:
    alerts = [
        {"labels": {"alertname": "RedisDown"}, "state": "firing"},
        {"labels": {"alertname": "TargetDown"}, "state": "pending"},
    ]
    assert firing({"status": "success", "data": {"alerts": alerts}}) == {"RedisDown"}


def test_what_fired_while_nobody_could_ask_is_found_in_prometheus_memory() -> None:
    series = [{"metric": {}, "values": [[30.0, "1"], [31.0, "1"]]}, {"metric": {}, "values": [[29.0, "1"]]}]
    assert first_moment({"data": {"result": series}}) == 29.0
    assert first_moment({"data": {"result": []}}) is None


class Remembering(AlertWatch):
    """Sees an alert at `seen`; Prometheus remembers `answers`, one after the other, each a moment or nothing."""

    def __init__(self, seen: float | None, *answers: float | None) -> None:
        super().__init__(cast("Cluster", None), "metrics", look_seconds=0)
        self.first_fired = {"RedisDown": seen} if seen is not None else {}
        self._answers = list(answers)

    async def _history(self, alert: str, since: float) -> dict[str, Any]:  # noqa: ARG002
        if not self._answers:
            raise UnusableEnvironmentError("away")
        moment = self._answers.pop(0)
        return {"data": {"result": [] if moment is None else [{"values": [[moment, "1"]]}]}}


@pytest.mark.parametrize(
    ("watch", "moment"),
    [
        pytest.param(Remembering(130.0, 112.0), 112.0, id="seen late, by a look after the API server came back"),
        pytest.param(Remembering(None, None, 112.0), 112.0, id="fires while it is waited for"),
        pytest.param(Remembering(112.0, None), 112.0, id="forgotten by a Prometheus that restarted"),
        pytest.param(Remembering(112.0), 112.0, id="Prometheus does not come back"),
        pytest.param(Remembering(None), None, id="never"),
    ],
)
async def test_an_alert_counts_from_when_it_fired_not_from_when_somebody_looked(
    watch: Remembering, moment: float | None
) -> None:
    await watch.fires("RedisDown", 100.0, seconds=0.1)
    assert watch.first_fired.get("RedisDown") == moment


@pytest.mark.parametrize(
    ("fault", "due"), [(RedisAway, 100.0), (ExporterAway, 105.0), (PrometheusAway, 170.0), (KillWorker, 100.0)]
)
def test_an_alert_is_due_when_what_it_tells_of_has_come_about(fault: type[Fault], due: float) -> None:
    """Whether an exporter is away shows when it is gone; that Prometheus restarted, when it is back."""
    one = fault()
    if issubclass(fault, ExporterAway | PrometheusAway):
        one.shown = 105.0
    assert alert_due(one, began=100.0, healed=165.0, whole=170.0) == due


def test_the_receiver_keeps_every_request_with_its_moment_and_its_key() -> None:
    receiver = Receiver("127.0.0.1")
    began = time.time()
    with receiver.serving():
        for key, idempotency_key in (("a", "1"), ("a", "1"), ("b", "2")):
            headers = {"Idempotency-Key": idempotency_key}
            assert http.post(receiver.url, json={"key": key}, headers=headers).is_success
        found = receiver.deliveries()
        assert receiver.cut_off() == 0
    assert {key: [call.idempotency_key for call in item.calls] for key, item in found.items()} == {
        "a": ["1", "1"],
        "b": ["2"],
    }
    assert began - 1 <= found["a"].first_received <= found["b"].first_received <= time.time() + 1
    assert "receiver" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize(
    ("status", "waits"),
    [
        ({"restartCount": 0, "lastState": {}}, False),
        ({"restartCount": 1, "lastState": {"terminated": {"finishedAt": "2030-01-01T11:58:00Z"}}}, True),
        ({"restartCount": 3, "lastState": {"terminated": {"finishedAt": "2030-01-01T11:48:00Z"}}}, False),
        ({"restartCount": 1, "lastState": {}}, True),
    ],
    ids=["never restarted", "restarted a moment ago", "restarted long ago", "restarted at a time that is not told"],
)
def test_the_kubelet_waits_only_for_a_container_that_restarted_lately(status: dict[str, Any], waits: bool) -> None:
    pod = {"status": {"containerStatuses": [{"restartCount": 0, "lastState": {}}, status]}}
    assert has_back_off(pod, datetime(2030, 1, 1, 12, tzinfo=UTC)) is waits
