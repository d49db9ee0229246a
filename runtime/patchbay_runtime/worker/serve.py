"""`patchbay-runtime worker --shape NAME`: from start to exit."""

import asyncio
import logging
import os
import signal
import time

from patchbay_runtime import node_metrics
from patchbay_runtime.catalog import CATALOG
from patchbay_runtime.execution.open import open_executor
from patchbay_runtime.queue import USUAL_PACE, Pace, ProcessQueue, WorkerRecord, run_worker, worker_name
from patchbay_runtime.settings import Settings
from patchbay_runtime.status_server import serve_status
from patchbay_runtime.steps.implementation import implementation
from patchbay_runtime.tasks import running
from patchbay_runtime.worker.closed_network import until_closed
from patchbay_runtime.worker.registration import stay_registered
from patchbay_runtime.worker.status import WorkerStatus

log = logging.getLogger(__name__)

STATUS_PORT = 9100
TURN_SECONDS = 1.0


def serve(
    settings: Settings,
    shape: str,
    host: str = "0.0.0.0",  # noqa: S104
    port: int = STATUS_PORT,
    *,
    pace: Pace = USUAL_PACE,
) -> None:
    """Run the shape's processes until SIGTERM, finish what runs, and return."""
    status = WorkerStatus(shape)
    node_metrics.expose(settings.node, settings.release)
    asyncio.run(_work(settings, status, pace, host, port))


async def _work(settings: Settings, status: WorkerStatus, pace: Pace, host: str, port: int) -> None:
    stop = asyncio.Event()

    def begin_to_stop() -> None:
        log.info("stopping: finishing what runs")
        status.stopping.set()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, begin_to_stop)
    with serve_status(status, host, port):
        await _serve_shape(settings, status, pace, stop)


async def _serve_shape(settings: Settings, status: WorkerStatus, pace: Pace, stop: asyncio.Event) -> None:
    shape = CATALOG[status.shape]
    record = WorkerRecord(
        name=worker_name(),
        shape=shape.name,
        environment=settings.environment,
        pid=os.getpid(),
        slots=shape.threshold,
        started_at=time.time(),
        status="running",
    )
    queue = ProcessQueue.open(settings, CATALOG)
    try:
        async with running(_watch_loop(status)):
            if settings.closed_address and implementation(shape.name).called:
                await until_closed(settings.closed_address, status, stop)
            async with (
                running(stay_registered(queue, record, stop)),
                open_executor(settings, queue) as executor,
            ):
                executor.prepare(shape.name)
                log.info("working", extra={"shape": shape.name, "worker": record.name})
                await run_worker(
                    queue,
                    shape.name,
                    shape.threshold,
                    handler=executor.handle,
                    on_dead_letter=executor.give_up,
                    stop=stop,
                    name=record.name,
                    observer=status,
                    pace=pace,
                )
    finally:
        await queue.close()


async def _watch_loop(status: WorkerStatus) -> None:
    while True:
        status.loop_turned()
        await asyncio.sleep(TURN_SECONDS)
