"""Percentiles, latency legs, periods and what is read from the cluster's objects."""

from pathlib import Path
from typing import Any

import pytest
from patchbay_loadtests.core.percentiles import percentile
from patchbay_loadtests.core.target import Target
from patchbay_loadtests.proof import latency
from patchbay_loadtests.proof.periods import Periods, polling_seconds, scale_down_seconds, seconds
from patchbay_loadtests.proof.promise import Promise
from patchbay_loadtests.proof.sampler import external_metric, seen_again
from pydantic import ValidationError

from tests.loadtests.recorded import PROMISE, Recorder, good_record, pods


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([3.0], 50, 3.0),
        ([1, 2, 3, 4], 50, 2),
        ([4, 1, 3, 2], 95, 4),
        (range(1, 101), 95, 95),
        (range(1, 101), 100, 100),
    ],
)
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(
    values: list[float], percent: float, expected: float
) -> None:
    assert percentile(list(values), percent) == expected


@pytest.mark.parametrize(("values", "percent"), [([], 50), ([1.0], 0), ([1.0], 101)])
def test_a_percentile_of_nothing_or_out_of_range_is_refused(values: list[float], percent: float) -> None:
    with pytest.raises(ValueError, match="percent"):
        percentile(values, percent)


def test_the_legs_of_a_scale_up_add_up_to_the_whole() -> None:
    found = latency.scale_ups(good_record().timeline())
    assert len(found) == 1
    assert found[0].legs == {
        "intake": 0.0,
        "metric": 0.0,
        "hpa": 4.0,
        "scheduling": 1.0,
        "start": 1.0,
        "readiness": 1.0,
    }
    assert found[0].metric_to_ready == 7.0
    summary = latency.summarize(found)
    assert summary is not None
    assert summary.metric_to_ready_p95 == 7.0
    assert (found[0].order_to_ready, summary.order_to_ready_p95, summary.n) == (7.0, 7.0, 1)
    assert sum(summary.shares.values()) == pytest.approx(1, abs=0.01)


def test_a_scale_up_that_never_became_ready_counts_as_driven_and_not_as_measured() -> None:
    recorder = good_record()
    since = recorder.at
    recorder.look(30, 8, pods(2, ready=1))
    recorder.step(since, 8)
    summary = latency.summarize(latency.scale_ups(recorder.timeline()))
    assert summary is not None
    assert (summary.n, len(summary.scale_ups), summary.scale_ups[1].order_to_ready) == (1, 2, None)


def test_a_record_without_a_scale_up_to_the_second_pod_has_no_latency() -> None:
    recorder = Recorder()
    recorder.look(30, 12, pods(2))
    recorder.step(0.0, 12)
    assert latency.scale_ups(recorder.timeline()) == ()
    assert latency.summarize(()) is None
    two = good_record().timeline().model_copy(update={"promise": PROMISE.model_copy(update={"min_pods": 2})})
    assert latency.scale_ups(two) == ()


def test_a_scale_up_is_timed_from_the_order_also_where_the_metric_could_not_be_read() -> None:
    timeline = good_record().timeline()
    blind = tuple(sample.model_copy(update={"metric_pods": None}) for sample in timeline.samples)
    (found,) = latency.scale_ups(timeline.model_copy(update={"samples": blind}))
    assert (found.order_to_ready, found.metric_to_ready) == (7.0, None)
    assert found.legs == {"intake": 0.0, "scheduling": 1.0, "start": 1.0, "readiness": 1.0}
    summary = latency.summarize((found,))
    assert summary is not None
    assert (summary.n, summary.order_to_ready_p95, summary.metric_to_ready_p95) == (1, 7.0, None)
    assert (summary.legs_p50["metric"], summary.legs_p50["start"], summary.shares["start"]) == (None, 1.0, 0.0)


def test_a_pod_keeps_the_time_at_which_it_was_first_seen_in_each_state() -> None:
    pod: dict[str, Any] = {"metadata": {"name": "worker-a"}, "status": {}}
    life = seen_again(None, pod, 1.0)
    assert (life.created, life.scheduled, life.started, life.ready) == (1.0, None, None, None)
    pod["status"] = {"conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "False"}]}
    life = seen_again(life, pod, 2.0)
    assert (life.scheduled, life.ready) == (2.0, None)
    pod["status"] = {
        "conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "True"}],
        "containerStatuses": [{"state": {"running": {}}}],
    }
    life = seen_again(life, pod, 3.0)
    assert (life.created, life.scheduled, life.started, life.ready) == (1.0, 2.0, 3.0, 3.0)


def test_the_metric_that_the_hpa_reads_is_found_in_it() -> None:
    selector = {"matchLabels": {"scaledobject.keda.sh/name": "shape-map"}}
    autoscaler = {
        "metadata": {"name": "keda-hpa-shape-map"},
        "spec": {
            "metrics": [{"type": "External", "external": {"metric": {"name": "s0-prometheus", "selector": selector}}}]
        },
    }
    found = external_metric(autoscaler)
    assert (found.name, found.selector) == ("s0-prometheus", "scaledobject.keda.sh/name=shape-map")


@pytest.mark.parametrize(("duration", "value"), [("2s", 2), ("1m30s", 90), ("500ms", 0.5), ("1h", 3600)])
def test_a_prometheus_duration_is_read_in_seconds(duration: str, value: float) -> None:
    assert seconds(duration) == value


@pytest.mark.parametrize("duration", ["", "2", "s", "2 s", "2x"])
def test_what_is_no_duration_is_refused(duration: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        seconds(duration)


@pytest.mark.parametrize(
    ("behavior", "expected"),
    [
        (None, 300 + 15),
        ({"stabilizationWindowSeconds": 10}, 10 + 15),
        ({"stabilizationWindowSeconds": 0, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 5}]}, 9 * 5),
        (
            {
                "stabilizationWindowSeconds": 30,
                "selectPolicy": "Min",
                "policies": [
                    {"type": "Percent", "value": 100, "periodSeconds": 5},
                    {"type": "Pods", "value": 3, "periodSeconds": 10},
                ],
            },
            30 + 3 * 10,
        ),
    ],
)
def test_the_time_to_scale_down_follows_from_the_hpa_s_behaviour(
    behavior: dict[str, object] | None, expected: float
) -> None:
    spec = {"minReplicas": 1, "maxReplicas": 10, **({"behavior": {"scaleDown": behavior}} if behavior else {})}
    assert scale_down_seconds(spec) == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"minReplicaCount": 1, "pollingInterval": 5, "triggers": [{}]}, 0),
        ({"minReplicaCount": 1, "pollingInterval": 5, "triggers": [{"useCachedMetrics": True}]}, 5),
        ({"minReplicaCount": 0, "triggers": [{}]}, 30),
        ({"pollingInterval": 5, "triggers": [{}]}, 5),
    ],
)
def test_keda_s_polling_counts_only_where_a_change_waits_for_it(spec: dict[str, object], expected: float) -> None:
    assert polling_seconds(spec) == expected


def test_below_the_threshold_three_full_metric_periods_are_watched() -> None:
    periods = Periods(scrape=2, evaluation=2, polling=5, hpa_sync=5, scale_down=30)
    promise = Promise(periods=periods)
    assert periods.metric == 14
    assert promise.hold_seconds(7) == 42
    assert promise.hold_seconds(8) == 14
    assert promise.deadline_seconds(0) > periods.scale_down


def test_load_goes_to_another_machine_only_when_that_is_said(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.touch()
    assert Target(host="http://127.0.0.1:8080/", kubeconfig=kubeconfig).host == "http://127.0.0.1:8080"
    with pytest.raises(ValidationError, match="--allow-remote-host"):
        Target(host="http://192.0.2.1", kubeconfig=kubeconfig)
    assert Target(host="http://192.0.2.1", kubeconfig=kubeconfig, allow_remote_host=True).host == "http://192.0.2.1"


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "ftp://127.0.0.1", "http://127.0.0.1/hooks", ""])
def test_a_host_that_is_no_address_is_refused(tmp_path: Path, host: str) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.touch()
    with pytest.raises(ValidationError, match="host must be"):
        Target(host=host, kubeconfig=kubeconfig)


def test_a_missing_kubeconfig_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="there is no file"):
        Target(host="http://127.0.0.1:8080", kubeconfig=tmp_path / "none")
