"""`patchbay-runtime scale-in-order`: writes each worker pod's cost of deletion, from start to exit."""

import asyncio
import logging
import time
from pathlib import Path

from prometheus_client import Counter, Gauge

from patchbay_runtime.catalog import CATALOG
from patchbay_runtime.cluster_api import ClusterApi, ClusterAwayError
from patchbay_runtime.loop_status import LoopStatus
from patchbay_runtime.queue import REDIS_AWAY, ProcessQueue
from patchbay_runtime.queue.pause import Pause, first_of
from patchbay_runtime.scale_in.order import Order
from patchbay_runtime.scale_in.pods import Pods
from patchbay_runtime.settings import Settings
from patchbay_runtime.status_server import serve_status
from patchbay_runtime.stopping import told_to_stop

LOOK_SECONDS = 1.0
"""How old the numbers of running processes are at most when pods are taken away."""
LIST_SECONDS = 5.0
"""A pod that is not known yet has no cost, so it goes first: nor does it run much."""
STALLED_SECONDS = 30.0

WRITTEN = Counter("patchbay_scale_in_order_writes", "Costs of deletion written to pods.")
UP = Gauge("patchbay_scale_in_order_up", "1 if the order of the pods is known and written.")

log = logging.getLogger(__name__)


class Keeper:
    """Keeps the costs of the pods up to date."""

    def __init__(self, queue: ProcessQueue, pods: Pods) -> None:
        self._queue = queue
        self._pods = pods
        self._order = Order()
        self._list_at = 0.0

    async def look(self) -> None:
        """Write what is due; raises `REDIS_AWAY` and ClusterAwayError."""
        if time.monotonic() >= self._list_at:
            self._order.found(await self._pods.list())
            self._list_at = time.monotonic() + LIST_SECONDS
        due = self._order.due(await self._queue.held())
        writing = [self._write(name, cost) for name, cost in due.items()]
        for failure in await asyncio.gather(*writing, return_exceptions=True):
            if failure is not None:
                raise failure

    async def _write(self, name: str, cost: int) -> None:
        if await self._pods.set_cost(name, cost):
            self._order.written(name, cost)
            WRITTEN.inc()
        else:
            self._order.gone(name)


def serve(settings: Settings, host: str, port: int, account: Path) -> None:
    """Work until SIGTERM; no outage of Redis or of the API server ends it. Raises OSError without an account."""
    status = LoopStatus(STALLED_SECONDS, UP)
    pods = Pods(ClusterApi.of_pod(account))

    async def keep() -> None:
        stop = told_to_stop()
        with serve_status(status, host, port):
            await _keep(settings, pods, status, stop)

    asyncio.run(keep())


async def _keep(settings: Settings, pods: Pods, status: LoopStatus, stop: asyncio.Event) -> None:
    queue = ProcessQueue.open(settings, CATALOG)
    keeper = Keeper(queue, pods)
    pause = Pause()
    try:
        while not stop.is_set():
            try:
                await keeper.look()
            except (ClusterAwayError, *REDIS_AWAY) as error:
                # The costs stay as they are: an old order is better than none.
                why = str(error) if isinstance(error, ClusterAwayError) else "Redis is away"
                log.warning("no look at the pods: %s", why)
                status.looked(why)
                await pause.wait(stop)
            else:
                status.looked()
                pause.reset()
                await first_of(stop.wait(), timeout=LOOK_SECONDS)
    finally:
        await pods.close()
        await queue.close()
