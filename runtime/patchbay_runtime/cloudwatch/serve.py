"""`patchbay-runtime cloudwatch-metrics`: puts a cluster's figures every minute, from start to exit."""

import asyncio
import logging
from pathlib import Path

from prometheus_client import Gauge

from patchbay_runtime.cloudwatch.figures import Sources
from patchbay_runtime.cloudwatch.metrics import CloudWatchAwayError, CloudWatchMetrics
from patchbay_runtime.cluster_api import ClusterApi
from patchbay_runtime.loop_status import LoopStatus
from patchbay_runtime.queue.pause import first_of
from patchbay_runtime.settings import Settings, SettingsError
from patchbay_runtime.status_server import serve_status
from patchbay_runtime.stopping import told_to_stop

EVERY_SECONDS = 60.0
"""CloudWatch's own resolution."""
AGAIN_SECONDS = 10.0
"""When something was missing; a value put twice changes neither a minimum nor a maximum."""
STALLED_SECONDS = 180.0

UP = Gauge("patchbay_cloudwatch_metrics_up", "1 if all figures were put the last time.")

log = logging.getLogger(__name__)


def serve(
    settings: Settings,
    host: str,
    port: int,
    account: Path,
    *,
    horizon: str,
    cluster: str,
    endpoint: str | None,
    again_seconds: float = AGAIN_SECONDS,
) -> None:
    """Work until SIGTERM; nothing that is away ends it. `endpoint`: of CloudWatch, AWS' own in the region if None.

    Raises SettingsError, and OSError without an account.
    """
    region = settings.aws_region
    if region is None:
        raise SettingsError("PATCHBAY_AWS_REGION: missing; set the region whose CloudWatch has the alarms")
    metrics = CloudWatchMetrics(endpoint or f"https://monitoring.{region}.amazonaws.com/", region, cluster)
    status = LoopStatus(STALLED_SECONDS, UP)
    sources = Sources(horizon, ClusterApi.of_pod(account))

    async def keep() -> None:
        stop = told_to_stop()
        with serve_status(status, host, port):
            await _keep_putting(sources, metrics, status, again_seconds, stop)

    asyncio.run(keep())


async def _keep_putting(
    sources: Sources, metrics: CloudWatchMetrics, status: LoopStatus, again_seconds: float, stop: asyncio.Event
) -> None:
    async with sources, metrics:
        while not stop.is_set():
            why_not = await _put(sources, metrics)
            status.looked(*why_not)
            for reason in why_not:
                log.warning("not all figures are in CloudWatch: %s", reason)
            await first_of(stop.wait(), timeout=again_seconds if why_not else EVERY_SECONDS)


async def _put(sources: Sources, metrics: CloudWatchMetrics) -> list[str]:
    """Put the figures that are known; why others are not there."""
    figures = await sources.figures()
    if not figures.known:
        return figures.missing
    try:
        await metrics.put(figures.known)
    except CloudWatchAwayError as error:
        return [*figures.missing, str(error)]
    return figures.missing
