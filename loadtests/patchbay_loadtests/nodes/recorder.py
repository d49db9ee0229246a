"""Looks at nodes, workers and placeholders several times a second and keeps the record."""

import asyncio
import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import Self

from patchbay_loadtests.core.cluster import Cluster, Document
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.nodes import headroom, room, tracks
from patchbay_loadtests.nodes.autoscaler import STATUS_PATH, wanted_nodes
from patchbay_loadtests.nodes.timeline import Look, NodeTrack, PodTrack
from patchbay_loadtests.proof.sampler import BLIND_SECONDS

LOOK_SECONDS = 0.4
TRIGGERED = "TriggeredScaleUp"
WORKER_LABEL = "app.kubernetes.io/name=worker"


class NodeRecorder:
    """Records in the background from entering the context until leaving it.

    `worker` is the pod spec of a worker, by which the nodes for workers are known; `now` the clock of the
    record.
    """

    def __init__(self, cluster: Cluster, *, namespace: str, worker: Document, now: Callable[[], float]) -> None:
        self.looks: list[Look] = []
        self.pods: dict[str, PodTrack] = {}
        self.nodes: dict[str, NodeTrack] = {}
        self._cluster = cluster
        self._namespace = namespace
        self._worker = worker
        self._now = now
        self._old_events: set[str] | None = None
        self._triggered: set[str] = set()
        self._looked = asyncio.Condition()

    async def __aenter__(self) -> Self:
        await self._look()
        self._task = asyncio.create_task(self._record())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError, UnusableEnvironmentError):
            await self._task

    @property
    def present_nodes(self) -> tuple[str, ...]:
        """The names of the nodes that are there."""
        return tuple(node.name for node in self._present())

    @property
    def settled(self) -> bool:
        """True when the latest look showed every pod placed, every node ready, and none of either on its way out."""
        look = self.looks[-1]
        leaving = any(pod.leaving is not None and pod.gone is None for pod in self.pods.values())
        draining = any(node.draining is not None for node in self._present())
        return not look.pending and look.nodes == look.ready and not leaving and not draining

    def settled_for(self, seconds: float) -> bool:
        """True when, besides, no node was marked as unneeded within this time.

        A mark that is older stays: its group is as small as it may be.
        """
        marks = [node.unneeded for node in self._present() if node.unneeded is not None]
        return self.settled and all(self._now() - mark > seconds for mark in marks)

    async def next_look(self) -> Look:
        """Wait for the next look; UnusableEnvironmentError when the cluster can no longer be seen."""
        seen = len(self.looks)
        async with self._looked:
            await self._looked.wait_for(lambda: len(self.looks) > seen or self._task.done())
        if self._task.done():
            self._task.result()
        return self.looks[-1]

    async def _record(self) -> None:
        last_good = self._now()
        try:
            while True:
                began = self._now()
                try:
                    await self._look()
                except UnusableEnvironmentError:
                    if began - last_good > BLIND_SECONDS:
                        raise
                else:
                    last_good = began
                await asyncio.sleep(max(0.05, began + LOOK_SECONDS - self._now()))
        finally:
            async with self._looked:
                self._looked.notify_all()

    def _present(self) -> list[NodeTrack]:
        return [node for node in self.nodes.values() if node.gone is None]

    async def _look(self) -> None:
        nodes, workers, placeholders, status, events = await asyncio.gather(
            self._cluster.get("/api/v1/nodes"),
            self._cluster.get(f"/api/v1/namespaces/{self._namespace}/pods", {"labelSelector": WORKER_LABEL}),
            self._cluster.get(f"/api/v1/namespaces/{headroom.NAMESPACE}/pods"),
            self._cluster.found(STATUS_PATH),
            self._cluster.get("/api/v1/events", {"fieldSelector": f"reason={TRIGGERED}"}),
        )
        at = self._now()
        self._note_events(events["items"])
        present = room.of_workers(nodes["items"], self._worker)
        self._note_nodes(present, at)
        pods = [(pod, "worker") for pod in workers["items"]] + [(pod, "placeholder") for pod in placeholders["items"]]
        current: set[str] = set()
        for pod, kind in pods:
            uid = pod["metadata"]["uid"]
            current.add(uid)
            self.pods[uid] = tracks.pod_seen(
                self.pods.get(uid),
                pod,
                at,
                "worker" if kind == "worker" else "placeholder",
                triggered=uid in self._triggered,
            )
        for uid, track in self.pods.items():
            if uid not in current and track.gone is None:
                self.pods[uid] = track.model_copy(update={"gone": at})
        living = [self.pods[uid] for uid in current]
        async with self._looked:
            self.looks.append(
                Look(
                    at=at,
                    nodes=len(present),
                    ready=sum(tracks.is_ready(node) for node in present),
                    wanted=wanted_nodes(status),
                    pending=sum(pod.scheduled is None and pod.leaving is None for pod in living),
                    placeholders=sum(
                        pod.kind == "placeholder" and pod.running is not None and pod.leaving is None for pod in living
                    ),
                )
            )
            self._looked.notify_all()

    def _note_events(self, events: list[Document]) -> None:
        """Which pods the autoscaler has added a node for, in this record's time."""
        versions = {f"{event['metadata']['uid']}/{event['metadata']['resourceVersion']}": event for event in events}
        if self._old_events is None:
            self._old_events = set(versions)
        self._triggered |= {
            event["involvedObject"].get("uid", "")
            for version, event in versions.items()
            if version not in self._old_events
        }

    def _note_nodes(self, nodes: list[Document], at: float) -> None:
        names = {node["metadata"]["name"] for node in nodes}
        for node in nodes:
            name = node["metadata"]["name"]
            self.nodes[name] = tracks.node_seen(self.nodes.get(name), node, at)
        for name, track in self.nodes.items():
            if name not in names and track.gone is None:
                self.nodes[name] = track.model_copy(update={"gone": at})
