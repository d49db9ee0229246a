"""Holds a worker back until its pod's network policies are in force.

Amazon's VPC plugin lets a new pod reach everything until its policies are written to the node, in a moment or two:
https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy-configure.html (`standard`). A connector that took
processes meanwhile would call for its tenants whatever the policies refuse.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Final

from patchbay_runtime.worker.status import WorkerStatus

log = logging.getLogger(__name__)

# Within a network a connection takes milliseconds; each attempt begins anew, so that one lost packet decides nothing.
_ATTEMPT_SECONDS: Final = 0.3
_ATTEMPTS: Final = 3
_PAUSE_SECONDS: Final = 0.1
_TELL_EVERY_SECONDS: Final = 10.0


async def until_closed(address: str, status: WorkerStatus, stop: asyncio.Event) -> None:
    """Return once `address` (`host:port`), which policies refuse to the pod, cannot be reached; or at `stop`."""
    host, _, port = address.rpartition(":")
    loop = asyncio.get_running_loop()
    tell_at = loop.time()
    status.network_is_closed(False)
    while not stop.is_set() and await _reached(host, int(port)):
        if loop.time() >= tell_at:
            log.warning("waiting for the network policies: %s can be reached", address)
            tell_at = loop.time() + _TELL_EVERY_SECONDS
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _PAUSE_SECONDS)
    status.network_is_closed(True)


async def _reached(host: str, port: int) -> bool:
    for _ in range(_ATTEMPTS):
        with suppress(OSError):  # a time-out is one too
            async with asyncio.timeout(_ATTEMPT_SECONDS):
                _, writer = await asyncio.open_connection(host, port)
            writer.close()
            return True
    return False
