"""Serving the API."""

import uvicorn

from patchbay_runtime import node_metrics
from patchbay_runtime.api.app import create_app
from patchbay_runtime.execution.reconciler import USUAL_SWEEPS, SweepPace
from patchbay_runtime.settings import Settings

# Synchronous triggers may wait this long; a rolling update lets them end.
DRAIN_SECONDS = 65


def serve(settings: Settings, host: str, port: int, *, sweeps: SweepPace = USUAL_SWEEPS) -> None:
    """Serve until SIGTERM, then finish the requests that are under way."""
    node_metrics.expose(settings.node, settings.release)
    uvicorn.run(
        create_app(settings, sweeps),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        # Measured on a JSON POST: httptools 490 us of CPU against h11's 635 us; uvloop gave nothing on top of it.
        loop="asyncio",
        http="httptools",
    )
