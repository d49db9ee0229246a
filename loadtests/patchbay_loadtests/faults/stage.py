"""What a fault acts on, and what it may use to do so."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from patchbay_loadtests.core import prometheus
from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.gateway import Gateway, retry_after
from patchbay_loadtests.core.restoration import Restore, Restoring, Undo, undoing
from patchbay_loadtests.core.traffic.protocol import Failure, Placed
from patchbay_loadtests.faults.flows import SHAPES
from patchbay_loadtests.faults.health import incomplete_workloads, missing_nodes
from patchbay_loadtests.faults.kubectl import Kubectl
from patchbay_loadtests.faults.options import Options
from patchbay_loadtests.faults.receiver import Receiver

Document = dict[str, Any]
POLL_SECONDS = 1.0
_NAME_LABEL = "app.kubernetes.io/name"
_SHAPE_LABEL = "patchbay.dev/shape"
_ORDER_SECONDS = 120.0
_GONE_SECONDS = 60.0
_BACK_OFF_FORGOTTEN = timedelta(minutes=11)  # a minute to spare: the container starts after the last one's end


@dataclass
class Stage:
    """The environment, what of it is changed for a while, and the orders that faults place beside the steady ones."""

    options: Options
    cluster: Cluster
    gateway: Gateway
    kubectl: Kubectl
    receiver: Receiver
    prefix: str
    orders_per_second: float
    placed: list[Placed] = field(default_factory=list)
    poisonous: set[str] = field(default_factory=set)
    changes: AsyncExitStack = field(default_factory=AsyncExitStack)

    def at_rate(self, orders_per_second: float) -> "Stage":
        """The same with other orders, at another rate."""
        prefix = f"{self.prefix}-{orders_per_second:.0f}-{time.time_ns() % 10**9}"
        return replace(self, prefix=prefix, orders_per_second=orders_per_second, placed=[], poisonous=set())

    async def keep(self, *undos: Undo) -> None:
        """See to it that what is about to be changed is put back. Must return before the change is made."""
        await self.changes.enter_async_context(Restoring(self.options.kubeconfig, self.options.context, *undos))

    async def change(self, changes: Mapping[str, Document]) -> None:
        """Merge patches of objects, by their paths; `put_back` undoes them."""
        found = {path: await self.cluster.get(path) for path in changes}
        await self.keep(
            *(
                Restore(path=path, body=undoing(change, found[path]), object_path=path)
                for path, change in changes.items()
            )
        )
        for path, change in changes.items():
            await self.cluster.merge(path, change)

    async def put_back(self) -> None:
        """Undo every change, the latest first."""
        await self.changes.pop_all().aclose()

    async def pods(self, namespace: str, name: str) -> list[Document]:
        """A workload's pods that are not on their way out."""
        listed = await self.cluster.pods(namespace, {_NAME_LABEL: name})
        return [pod for pod in listed if "deletionTimestamp" not in pod["metadata"]]

    async def until_gone(self, namespace: str, name: str) -> None:
        """Wait until no pod of the workload is left, also none that is on its way out."""

        async def is_gone() -> bool:
            return not await self.cluster.pods(namespace, {_NAME_LABEL: name})

        await until(f"{name} without pods", is_gone, _GONE_SECONDS)

    async def pods_of(self, node: str) -> list[Document]:
        """The runtime's pods that are ready on a node."""
        path = f"/api/v1/namespaces/{self.options.namespace}/pods"
        listed = (await self.cluster.get(path, {"fieldSelector": f"spec.nodeName={node}"}))["items"]
        return [pod for pod in listed if is_ready(pod) and "deletionTimestamp" not in pod["metadata"]]

    async def pods_of_shape(self, shape: str) -> list[Document]:
        """A shape's pods that are not on their way out."""
        listed = await self.cluster.pods(self.options.namespace, {_SHAPE_LABEL: shape})
        return [pod for pod in listed if "deletionTimestamp" not in pod["metadata"]]

    async def workers(self, shape: str) -> list[Document]:
        """A shape's pods that work."""
        return [pod for pod in await self.pods_of_shape(shape) if is_ready(pod)]

    async def replace_restarted(self, pods: Sequence[Document]) -> None:
        """Delete those of the pods that restarted: the kubelet would wait before it starts them once more."""
        for pod in pods:
            if has_back_off(pod, datetime.now(UTC)):
                place = ("-n", pod["metadata"]["namespace"])
                words = ("delete", "pod", pod["metadata"]["name"], "--ignore-not-found")
                await self.kubectl(*place, *words, seconds=self.options.pace.whole_before)

    async def unknown_workers(self, shape: str) -> list[str]:
        """The shape's pods that Prometheus has not asked yet: it would not notice that they start anew."""
        started = 'process_start_time_seconds{job="workers"}'
        found = await prometheus.query(self.cluster, self.options.metrics_namespace, started)
        known = {str(series["metric"]["instance"]).rpartition(":")[0] for series in found}
        workers = await self.workers(shape)
        return [
            f"Prometheus does not know {worker['metadata']['name']}"
            for worker in workers
            if worker["status"]["podIP"] not in known
        ]

    async def nodes(self) -> list[Document]:
        """Every node that is registered."""
        return list((await self.cluster.get("/api/v1/nodes"))["items"])

    async def desired_pods(self, shape: str) -> int:
        """How many pods the shape's Deployment is to have."""
        deployment = await self.cluster.deployment(self.options.namespace, f"shape-{shape}")
        return int(deployment["spec"].get("replicas", 1))

    async def lacks(self, fixed_nodes_before: Mapping[str, int]) -> list[str]:
        """What keeps the environment from being whole."""
        lacks = await incomplete_workloads(self.cluster, self.options.namespaces)
        return lacks + missing_nodes(await self.nodes(), fixed_nodes_before)

    async def is_behind(self) -> bool:
        """Whether more processes wait or run than arrive in a second: usual ones take less."""
        loads = await self.gateway.workload()
        return sum(loads[shape].total for shape in SHAPES if shape in loads) > self.orders_per_second * len(SHAPES)

    async def busy(self, *, count_pods: bool) -> list[str]:
        """Shapes that have processes left, and those that still have more pods than without any."""
        loads = await self.gateway.workload()
        busy = [f"{shape} has {load.total} processes" for shape, load in loads.items() if load.total]
        if count_pods:
            busy += [f"{shape} has {pods} pods" for shape in SHAPES if (pods := await self.desired_pods(shape)) > 1]
        return busy

    async def place(self, flow: str, order: str, **payload: object) -> None:
        """Place an order beside the steady ones, until it is accepted."""
        due, failures = time.time(), []
        order = f"{self.prefix}-{order}"
        path = f"/hooks/{self.options.tenant}/{flow}"
        run, shown = None, self.gateway.sender(flow).headers()
        async with httpx2.AsyncClient(base_url=self.options.host, timeout=10, trust_env=False) as http:
            while run is None and time.time() - due < _ORDER_SECONDS:
                pause = 1.0
                try:
                    body = {"key": order, **payload}
                    answer = await http.post(path, json=body, headers={**shown, "Idempotency-Key": order})
                except httpx2.HTTPError:
                    failures.append(Failure(at=time.time(), kind="no answer"))
                else:
                    if answer.status_code == 202:
                        run = str(answer.json()["run"])
                        continue
                    failures.append(Failure(at=time.time(), kind=str(answer.status_code)))
                    pause = retry_after(answer.headers.get("Retry-After"))
                await asyncio.sleep(pause)
        placed = Placed(order=order, due=due, sent=due, ended=time.time(), run=run, failures=tuple(failures))
        self.placed.append(placed)

    async def place_held(self, flow: str, count: int, hold_seconds: float, name: str = "long") -> None:
        """Place orders whose delivery the receiver answers after so many seconds."""
        async with asyncio.TaskGroup() as placing:
            for number in range(1, count + 1):
                placing.create_task(self.place(flow, f"{name}-{number}", hold_seconds=hold_seconds))


def has_back_off(pod: Document, now: datetime) -> bool:
    """Whether the kubelet would wait before it starts a container of the pod once more.

    It forgets a container's restarts once that has run for ten minutes. Source: Kubernetes' documentation of the pod's
    lifecycle, "Container restarts".
    """
    for status in pod["status"].get("containerStatuses", []):
        ended = (status.get("lastState", {}).get("terminated") or {}).get("finishedAt")
        if ended and now - datetime.fromisoformat(ended) < _BACK_OFF_FORGOTTEN:
            return True
        if status.get("restartCount") and not ended:
            return True
    return False


def workload(namespace: str, kind: str, name: str) -> str:
    """The path of a workload; `kind` in the plural."""
    return f"/apis/apps/v1/namespaces/{namespace}/{kind}/{name}"


def with_pods(number: int) -> Document:
    """A patch to so many pods."""
    return {"spec": {"replicas": number}}


def is_ready(pod: Document) -> bool:
    """A pod that takes work."""
    conditions = pod.get("status", {}).get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


async def until(what: str, holds: Callable[[], Awaitable[bool]], seconds: float, poll: float = POLL_SECONDS) -> None:
    """Wait for a condition; UnusableEnvironmentError after `seconds`. What cannot be asked does not hold."""
    give_up = time.monotonic() + seconds
    while True:
        reason = ""
        try:
            if await holds():
                return
        except UnusableEnvironmentError as error:
            reason = f" ({error})"
        if time.monotonic() > give_up:
            raise UnusableEnvironmentError(f"{what}: not within {seconds:.0f} s{reason}")
        await asyncio.sleep(poll)
