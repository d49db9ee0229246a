"""Looks at the environment several times a second and keeps the record."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from patchbay_runtime.quantity import parse
from pydantic import BaseModel, ConfigDict

from patchbay_loadtests.core import prometheus
from patchbay_loadtests.core.cluster import Cluster, Document
from patchbay_loadtests.core.errors import ProductFailureError, UnusableEnvironmentError, under_load
from patchbay_loadtests.core.gateway import Gateway, ShapeLoad
from patchbay_loadtests.proof.timeline import PodLife, Sample, ShapePods

SAMPLE_SECONDS = 0.3
# What may be missing in a sample is not waited for longer: a slow metric must not keep the pods from being seen.
OPTIONAL_SECONDS = 2.0
# A look that fails is repeated; this long without a good one ends the proof.
BLIND_SECONDS = 20.0


class WatchedShape(BaseModel):
    """Where a shape's objects are."""

    model_config = ConfigDict(frozen=True)

    name: str
    namespace: str
    autoscaler: str

    @property
    def deployment(self) -> str:
        """The worker Deployment, its ScaledObject and its service account share this name."""
        return f"shape-{self.name}"


class ExternalMetric(BaseModel):
    """The metric that the steered shape's HPA reads."""

    model_config = ConfigDict(frozen=True)

    name: str
    selector: str


class Sampler:
    """Records samples in the background from entering the context until leaving it.

    `metric_queries`: when the external metric was asked for, in Unix time, also where no answer came.
    """

    def __init__(
        self,
        cluster: Cluster,
        gateway: Gateway,
        *,
        steered: WatchedShape,
        idle: WatchedShape | None,
        metric: ExternalMetric,
        metrics_namespace: str,
        optional_seconds: float = OPTIONAL_SECONDS,
        blind_seconds: float = BLIND_SECONDS,
    ) -> None:
        self.samples: list[Sample] = []
        self.pods: dict[str, PodLife] = {}
        self.metric_queries: list[float] = []
        self._cluster = cluster
        self._gateway = gateway
        self._steered = steered
        self._idle = idle
        self._metric = metric
        self._metrics_namespace = metrics_namespace
        self._optional_seconds = optional_seconds
        self._blind_seconds = blind_seconds
        self._clock = asyncio.get_running_loop()
        self._began = self._clock.time()
        self._sampled = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._record())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError, ProductFailureError, UnusableEnvironmentError):
            await self._task

    def now(self) -> float:
        """Seconds since the record began."""
        return self._clock.time() - self._began

    async def next_sample(self) -> Sample:
        """Wait for the next look.

        UnusableEnvironmentError when the environment can no longer be seen, ProductFailureError when the gateway is
        what keeps it from being seen.
        """
        seen = len(self.samples)
        async with self._sampled:
            await self._sampled.wait_for(lambda: len(self.samples) > seen or self._task.done())
        if self._task.done():
            self._task.result()
        return self.samples[-1]

    async def _record(self) -> None:
        last_good = self._clock.time()
        try:
            while True:
                look = self._clock.time()
                try:
                    sample = await self._look()
                except UnusableEnvironmentError as error:
                    if look - last_good > self._blind_seconds:
                        raise under_load(error) from error
                else:
                    last_good = look
                    async with self._sampled:
                        self.samples.append(sample)
                        self._sampled.notify_all()
                await asyncio.sleep(max(0.05, look + SAMPLE_SECONDS - self._clock.time()))
        finally:
            async with self._sampled:
                self._sampled.notify_all()

    async def _look(self) -> Sample:
        at = self.now()
        load, prometheus, metric, steered, idle, _ = await asyncio.gather(
            self._load(),
            self._prometheus_pods(),
            self._metric_pods(),
            self._shape_pods(self._steered),
            self._idle_pods(),
            self._look_at_pods(),
        )
        return Sample(
            at=at,
            waiting=load.waiting,
            reserved=load.reserved,
            prometheus_pods=prometheus,
            metric_pods=metric,
            steered=steered,
            idle=idle,
        )

    async def _load(self) -> ShapeLoad:
        workload = await self._gateway.workload()
        if self._steered.name not in workload:
            raise UnusableEnvironmentError(f"Horizon knows no shape {self._steered.name}")
        return workload[self._steered.name]

    async def _prometheus_pods(self) -> float | None:
        query = f'patchbay:shape_pods:desired{{shape="{self._steered.name}"}}'
        with contextlib.suppress(UnusableEnvironmentError, TimeoutError, LookupError, ValueError, TypeError):
            async with asyncio.timeout(self._optional_seconds):
                found = await prometheus.query(self._cluster, self._metrics_namespace, query)
            return float(found[0]["value"][1])
        return None

    async def _metric_pods(self) -> float | None:
        path = f"/apis/external.metrics.k8s.io/v1beta1/namespaces/{self._steered.namespace}/{quote(self._metric.name)}"
        self.metric_queries.append(time.time())
        with contextlib.suppress(UnusableEnvironmentError, TimeoutError, LookupError, ValueError):
            async with asyncio.timeout(self._optional_seconds):
                answer = await self._cluster.get(path, {"labelSelector": self._metric.selector})
            return float(parse(answer["items"][0]["value"]))
        return None

    async def _idle_pods(self) -> ShapePods | None:
        return None if self._idle is None else await self._shape_pods(self._idle)

    async def _shape_pods(self, shape: WatchedShape) -> ShapePods:
        autoscaler, deployment = await asyncio.gather(
            self._cluster.autoscaler(shape.namespace, shape.autoscaler),
            self._cluster.deployment(shape.namespace, shape.deployment),
        )
        status = deployment.get("status", {})
        return ShapePods(
            desired=autoscaler.get("status", {}).get("desiredReplicas", 0),
            replicas=status.get("replicas", 0),
            ready=status.get("readyReplicas", 0),
        )

    async def _look_at_pods(self) -> None:
        labels = {"app.kubernetes.io/name": "worker", "patchbay.dev/shape": self._steered.name}
        pods = await self._cluster.pods(self._steered.namespace, labels)
        seen = self.now()
        for pod in pods:
            name = pod["metadata"]["name"]
            self.pods[name] = seen_again(self.pods.get(name), pod, seen)


def seen_again(known: PodLife | None, pod: Document, at: float) -> PodLife:
    """The pod's life with the states added that it shows for the first time."""
    life = known or PodLife(name=pod["metadata"]["name"], created=at)
    status = pod.get("status", {})
    conditions = {condition["type"]: condition["status"] == "True" for condition in status.get("conditions", [])}
    containers = status.get("containerStatuses", [])
    reached = {
        "scheduled": conditions.get("PodScheduled", False),
        "started": bool(containers) and all("running" in container["state"] for container in containers),
        "ready": conditions.get("Ready", False),
    }
    marks = {state: at for state, holds in reached.items() if holds and getattr(life, state) is None}
    return life.model_copy(update=marks) if marks else life


def external_metric(autoscaler: Document) -> ExternalMetric:
    """The external metric of an HPA that KEDA made."""
    for metric in autoscaler["spec"].get("metrics", []):
        if metric["type"] == "External":
            named: Mapping[str, Any] = metric["external"]["metric"]
            labels = named.get("selector", {}).get("matchLabels", {})
            return ExternalMetric(
                name=named["name"], selector=",".join(f"{key}={value}" for key, value in labels.items())
            )
    raise UnusableEnvironmentError(f"HPA {autoscaler['metadata']['name']} reads no external metric")
