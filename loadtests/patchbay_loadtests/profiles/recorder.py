"""Looks at every shape again and again while a load is on."""

import asyncio
import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import Self

from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.errors import ProductFailureError, UnusableEnvironmentError, under_load
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.nodes.recorder import NodeRecorder
from patchbay_loadtests.profiles.timeline import LoadSample
from patchbay_loadtests.proof.sampler import BLIND_SECONDS

SHAPE_PREFIX = "shape-"


class LoadRecorder:
    """Records in the background from entering the context until leaving it.

    `offered` (orders a second at a time of the record) and `refused` (orders so far) are asked at every look.
    """

    def __init__(
        self,
        cluster: Cluster,
        gateway: Gateway,
        nodes: NodeRecorder,
        *,
        namespace: str,
        shape: str,
        now: Callable[[], float],
        offered: Callable[[float], float],
        refused: Callable[[], int],
        look_seconds: float,
        blind_seconds: float = BLIND_SECONDS,
    ) -> None:
        self.samples: list[LoadSample] = []
        self._cluster = cluster
        self._gateway = gateway
        self._nodes = nodes
        self._namespace = namespace
        self._shape = shape
        self._now = now
        self._offered = offered
        self._refused = refused
        self._look_seconds = look_seconds
        self._blind_seconds = blind_seconds

    async def __aenter__(self) -> Self:
        self.samples.append(await self._look())
        self._task = asyncio.create_task(self._record())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError, ProductFailureError, UnusableEnvironmentError):
            await self._task

    def check(self) -> None:
        """UnusableEnvironmentError when the environment can no longer be seen, ProductFailureError when the gateway is
        what keeps it from being seen.
        """
        if self._task.done():
            self._task.result()

    async def _record(self) -> None:
        last_good = self._now()
        while True:
            began = self._now()
            try:
                self.samples.append(await self._look())
                last_good = began
            except UnusableEnvironmentError as error:
                if began - last_good > self._blind_seconds:
                    raise under_load(error) from error
            await asyncio.sleep(max(0.1, began + self._look_seconds - self._now()))

    async def _look(self) -> LoadSample:
        at = self._now()
        workload, deployments, autoscalers = await asyncio.gather(
            self._gateway.workload(),
            self._cluster.get(f"/apis/apps/v1/namespaces/{self._namespace}/deployments"),
            self._cluster.get(f"/apis/autoscaling/v2/namespaces/{self._namespace}/horizontalpodautoscalers"),
        )
        if self._shape not in workload:
            raise UnusableEnvironmentError(f"Horizon knows no shape {self._shape}")
        ready = {
            item["metadata"]["name"]: item.get("status", {}).get("readyReplicas", 0)
            for item in deployments["items"]
            if item["metadata"]["name"].startswith(SHAPE_PREFIX)
        }
        steered, nodes = workload[self._shape], self._nodes.looks[-1]
        return LoadSample(
            at=at,
            offered=self._offered(at),
            waiting=sum(load.waiting for load in workload.values()),
            reserved=sum(load.reserved for load in workload.values()),
            oldest_wait=max(load.oldest_wait for load in workload.values()),
            steered_processes=steered.total,
            steered_ready=ready.get(f"{SHAPE_PREFIX}{self._shape}", 0),
            slots=steered.slots,
            desired=sum(item.get("status", {}).get("desiredReplicas", 0) for item in autoscalers["items"]),
            ready=sum(ready.values()),
            nodes=nodes.nodes,
            nodes_ready=nodes.ready,
            pending=nodes.pending,
            refused=self._refused(),
        )
