"""Parts of the scaling path go away while a shape has several pods: replicas hold, never fall."""

import asyncio
import time
from contextlib import suppress
from typing import ClassVar

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.faults.catalogue.fault import Fault
from patchbay_loadtests.faults.flows import LONG_FLOW, SHAPE
from patchbay_loadtests.faults.stage import POLL_SECONDS, Stage, until, with_pods, workload

# Three pods' worth, for as long as it takes until they are there and the fault has begun.
HELD_PROCESSES = 17
HELD_PODS = 3
HELD_SECONDS = 55.0


class _ScalingPathCut(Fault):
    """The processes that brought the pods end while nobody can count: the pods must stay until somebody can."""

    hold_seconds = 60
    usual_seconds = 140
    most_pods = HELD_PODS
    counts_pods = True
    workload: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self._placing: asyncio.Task[None] | None = None

    def namespace(self, stage: Stage) -> str:
        """Where the workload is."""
        return stage.options.metrics_namespace

    async def prepare(self, stage: Stage) -> None:
        self._placing = asyncio.create_task(stage.place_held(LONG_FLOW, HELD_PROCESSES, HELD_SECONDS))
        await until(f"{HELD_PODS} pods of {SHAPE}", lambda: self._has_pods(stage), HELD_SECONDS)

    async def inject(self, stage: Stage) -> None:
        await stage.change({workload(self.namespace(stage), "deployments", self.workload): with_pods(0)})
        self._pods = await stage.desired_pods(SHAPE)
        await stage.until_gone(self.namespace(stage), self.workload)
        self.shows()

    async def hold(self, stage: Stage) -> None:
        least, end = self._pods, time.monotonic() + self.hold_seconds
        while time.monotonic() < end:
            # A busy API server may leave a question open; the next one tells.
            with suppress(UnusableEnvironmentError):
                least = min(least, await stage.desired_pods(SHAPE))
            await asyncio.sleep(POLL_SECONDS)
        self.notes.append(f"{SHAPE} had {self._pods} pods when it began, and never fewer than {least}")
        if least < self._pods:
            self.findings.append(f"{SHAPE} fell from {self._pods} to {least} pods while nothing could be counted")

    async def heal(self, stage: Stage) -> None:
        try:
            await super().heal(stage)
        finally:
            if self._placing is not None:
                await asyncio.gather(self._placing, return_exceptions=True)

    async def _has_pods(self, stage: Stage) -> bool:
        if self._placing is not None and self._placing.done() and (error := self._placing.exception()):
            raise UnusableEnvironmentError(f"orders could not be placed: {error}")
        return len(await stage.workers(SHAPE)) >= HELD_PODS


class PrometheusAway(_ScalingPathCut):
    """Nobody collects what the exporter tells."""

    name = "prometheus-away"
    question = "Prometheus is away for 60 s: do shapes keep their pods?"
    alert = "PrometheusRestarted"
    also_fires = ("KedaCannotRead",)
    alert_counts_from = "whole"
    workload = "prometheus"


class ExporterAway(_ScalingPathCut):
    """The counts stop."""

    name = "exporter-away"
    question = "the JSON exporter is away for 60 s: do replicas hold, and never fall?"
    alert = "ScalingMetricLost"
    also_fires = ("JsonExporterDown", "KedaCannotRead")
    workload = "json-exporter"


class KedaAway(_ScalingPathCut):
    """Nobody translates counts into pods."""

    name = "keda-away"
    question = "the KEDA operator is away for 60 s: do shapes keep their pods?"
    alert = "KedaDown"
    workload = "keda-operator"

    def namespace(self, stage: Stage) -> str:  # noqa: ARG002 - KEDA's own
        return "keda"
