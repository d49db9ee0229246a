"""What the proof's record shows of an environment that answers in parts."""

import asyncio
import threading
from pathlib import Path
from typing import Any

from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.proof.sampler import ExternalMetric, Sampler, WatchedShape
from patchbay_loadtests.proof.timeline import Sample

from tests.loadtests.small_environment import SmallEnvironment, serving


class HangingMetric(SmallEnvironment):
    """Its external metric is not answered before the end."""

    def __init__(self) -> None:
        super().__init__(lambda _: 1)
        self.ended = threading.Event()

    def handle(self, _command: str, path: str, _document: Any) -> tuple[int, Any] | None:
        if "/external.metrics" in path:
            self.ended.wait()
        return None


async def first_sample(environment: SmallEnvironment, kubeconfig: Path) -> Sample:
    shape = WatchedShape(name="http-connector", namespace="runtime", autoscaler="keda-hpa-http-connector")
    metric = ExternalMetric(name="s0-prometheus", selector="a=b")
    async with Cluster(kubeconfig, None) as cluster, Gateway(environment.url, "loadtest") as gateway:
        sampler = Sampler(
            cluster,
            gateway,
            steered=shape,
            idle=None,
            metric=metric,
            metrics_namespace="metrics",
            optional_seconds=0.2,
        )
        async with sampler:
            return await sampler.next_sample()


def test_pods_are_seen_while_the_metric_hangs(tmp_path: Path) -> None:
    environment = HangingMetric()
    with serving(environment, tmp_path) as kubeconfig:
        try:
            sample = asyncio.run(asyncio.wait_for(first_sample(environment, kubeconfig), 9))
        finally:
            environment.ended.set()
    assert sample.metric_pods is None
    assert (sample.steered.desired, sample.steered.ready) == (1, 1)
