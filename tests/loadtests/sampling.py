"""The proof's sampler in a small environment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.proof.sampler import ExternalMetric, Sampler, WatchedShape

from tests.loadtests.small_environment import SmallEnvironment


@asynccontextmanager
async def sampling(
    environment: SmallEnvironment, kubeconfig: Path, **seconds: float
) -> AsyncIterator[tuple[Cluster, Sampler]]:
    """The cluster, and its sampler with these time constants."""
    async with (
        Cluster(kubeconfig, None) as cluster,
        Gateway(environment.url, "loadtest") as gateway,
        Sampler(
            cluster,
            gateway,
            steered=WatchedShape(name="http-connector", namespace="runtime", autoscaler="keda-hpa-http-connector"),
            idle=None,
            metric=ExternalMetric(name="s0-prometheus", selector="a=b"),
            metrics_namespace="metrics",
            **seconds,
        ) as sampler,
    ):
        yield cluster, sampler
