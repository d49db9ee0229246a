"""The scaling metric, from the runtime's Horizon endpoint to Prometheus."""

from typing import Any

import httpx
import pytest
import yaml
from lightkube import Client
from lightkube.resources.core_v1 import Pod
from patchbay_runtime.catalog import CATALOG

from tests.waiting import eventually


@pytest.fixture(scope="module")
def prometheus(kubernetes: Client) -> httpx.Client:
    """A client of Prometheus at its pod's own address: this machine routes to the pods."""
    pods = kubernetes.list(Pod, namespace="patchbay-metrics", labels={"app.kubernetes.io/name": "prometheus"})
    pod = next(pod for pod in pods if pod.metadata and not pod.metadata.deletionTimestamp)
    assert pod.status
    return httpx.Client(base_url=f"http://{pod.status.podIP}:9090/api/v1", timeout=10)


def query(prometheus: httpx.Client, expression: str) -> list[dict[str, Any]]:
    answer = prometheus.get("/query", params={"query": expression}).raise_for_status().json()
    found: list[dict[str, Any]] = answer["data"]["result"]
    return found


def test_every_shape_is_counted_for_the_scaler(prometheus: httpx.Client) -> None:
    def counted() -> None:
        shapes = {row["metric"]["shape"] for row in query(prometheus, "patchbay:shape_processes:total")}
        assert shapes == set(CATALOG)

    eventually(counted, within=30)


def test_an_idle_shape_asks_for_one_pod(prometheus: httpx.Client) -> None:
    def one() -> None:
        rows = query(prometheus, "patchbay:shape_pods:desired")
        assert {row["metric"]["shape"]: row["value"][1] for row in rows} == dict.fromkeys(CATALOG, "1")

    eventually(one, within=60)


def test_every_target_answers(prometheus: httpx.Client) -> None:
    def all_up() -> None:
        down = [row["metric"] for row in query(prometheus, "up == 0")]
        assert not down

    eventually(all_up, within=60)


def test_the_scaling_metric_is_scraped_every_5_seconds_or_more_often(prometheus: httpx.Client) -> None:
    loaded = yaml.safe_load(prometheus.get("/status/config").raise_for_status().json()["data"]["yaml"])
    intervals = [job.get("scrape_interval", loaded["global"]["scrape_interval"]) for job in loaded["scrape_configs"]]
    assert intervals
    assert all(interval.endswith("s") and int(interval[:-1]) <= 5 for interval in intervals), intervals


def test_keda_exposes_what_the_alerts_ask_of_it_for_every_shape(prometheus: httpx.Client) -> None:
    def exposed() -> None:
        rows = query(prometheus, 'keda_scaled_object_errors_total{job="keda"}')
        assert {row["metric"]["scaledObject"] for row in rows} == {f"shape-{shape}" for shape in CATALOG}

    eventually(exposed, within=60)


def test_the_own_metrics_of_every_shapes_worker_are_scraped(kubernetes: Client, prometheus: httpx.Client) -> None:
    def scraped() -> None:
        found = {row["metric"]["instance"] for row in query(prometheus, 'up{job="workers"} == 1')}
        for shape in CATALOG:
            workers = list(kubernetes.list(Pod, namespace="patchbay-runtime", labels={"patchbay.dev/shape": shape}))
            assert any(pod.status and f"{pod.status.podIP}:9100" in found for pod in workers), shape

    eventually(scraped, within=60)
