"""How long a change of load takes to reach the HPA in this environment, read from the environment itself."""

import asyncio
import math
import re
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from patchbay_loadtests.core import prometheus
from patchbay_loadtests.core.cluster import Cluster, Document
from patchbay_loadtests.core.errors import UnusableEnvironmentError

HORIZON_METRIC = "patchbay_horizon_length"
PATIENCE_SECONDS = 30.0
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
# KEDA's and Kubernetes' own defaults.
DEFAULT_POLLING_SECONDS = 30
DEFAULT_SCALE_DOWN_WINDOW_SECONDS = 300


class Periods(BaseModel):
    """The waits on the metric path, in seconds.

    KEDA's polling lies on it only where the HPA reads what KEDA polled last, or where KEDA starts the first pod; else
    KEDA asks Prometheus whenever the HPA asks KEDA, and `polling` is 0. `scale_down`: the window and its policies. The
    defaults are this platform's.
    """

    model_config = ConfigDict(frozen=True)

    scrape: float = Field(default=2, gt=0)
    evaluation: float = Field(default=2, ge=0)
    polling: float = Field(default=0, ge=0)
    hpa_sync: float = Field(default=15, gt=0)
    scale_down: float = Field(default=16, ge=0)

    @property
    def metric(self) -> float:
        """One full metric period: the longest that a change needs to be acted upon."""
        return self.scrape + self.evaluation + self.polling + self.hpa_sync


async def read_periods(
    cluster: Cluster, *, metrics_namespace: str, scaled_object: Document, autoscaler: Document, hpa_sync: float
) -> Periods:
    """The periods of one shape. The HPA's sync period is the controller manager's flag, which no API shows."""
    document = await cluster.through_service(metrics_namespace, prometheus.SERVICE, "/api/v1/status/config")
    jobs = await _jobs(cluster, metrics_namespace)
    try:
        config = yaml.safe_load(document["data"]["yaml"])
        scrape = max(seconds(job["scrape_interval"]) for job in config["scrape_configs"] if job["job_name"] in jobs)
        evaluation = seconds(config["global"]["evaluation_interval"])
    except (KeyError, TypeError, ValueError) as error:
        raise UnusableEnvironmentError(f"Prometheus' configuration is not in the expected form: {error!r}") from error
    return Periods(
        scrape=scrape,
        evaluation=evaluation,
        polling=polling_seconds(scaled_object["spec"]),
        hpa_sync=hpa_sync,
        scale_down=scale_down_seconds(autoscaler["spec"]),
    )


async def _jobs(cluster: Cluster, metrics_namespace: str) -> set[str]:
    """The jobs that scrape Horizon's counts; one failed scrape hides them until the next good one."""
    clock = asyncio.get_running_loop()
    give_up = clock.time() + PATIENCE_SECONDS
    while True:
        found = await prometheus.query(cluster, metrics_namespace, HORIZON_METRIC)
        if jobs := {series["metric"]["job"] for series in found}:
            return jobs
        if clock.time() > give_up:
            raise UnusableEnvironmentError(
                f"Prometheus has no {HORIZON_METRIC}: is the JSON exporter running, and does Horizon answer it?"
            )
        await asyncio.sleep(1)


def polling_seconds(scaled_object_spec: dict[str, Any]) -> float:
    """KEDA's polling interval where a change waits for it, else 0."""
    cached = any(trigger.get("useCachedMetrics", False) for trigger in scaled_object_spec["triggers"])
    if not cached and scaled_object_spec.get("minReplicaCount", 0) > 0:
        return 0.0
    return float(scaled_object_spec.get("pollingInterval", DEFAULT_POLLING_SECONDS))


def seconds(duration: str) -> float:
    """A Prometheus duration (`1m30s`) in seconds."""
    parts = re.findall(r"(\d+)(ms|[smhdwy])", duration)
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        raise ValueError(f"not a duration: {duration!r}")
    return float(sum(int(number) * _UNITS[unit] for number, unit in parts))


def scale_down_seconds(autoscaler_spec: dict[str, Any]) -> float:
    """The longest that an HPA may take from its most pods to its fewest: its window, then its policies' periods."""
    behavior = autoscaler_spec.get("behavior", {}).get("scaleDown", {})
    window = float(behavior.get("stabilizationWindowSeconds", DEFAULT_SCALE_DOWN_WINDOW_SECONDS))
    pods, least = autoscaler_spec["maxReplicas"], autoscaler_spec.get("minReplicas", 1)
    policies = behavior.get("policies") or [{"type": "Percent", "value": 100, "periodSeconds": 15}]
    choose = min if behavior.get("selectPolicy") == "Min" else max
    elapsed = 0.0
    while pods > least:
        step = choose(
            policy["value"] if policy["type"] == "Pods" else math.ceil(pods * policy["value"] / 100)
            for policy in policies
        )
        elapsed += max(policy["periodSeconds"] for policy in policies)
        pods -= max(step, 1)
    return window + elapsed
