"""Holds a worker back until its pod's network policies are in force.

Amazon's VPC plugin lets a new pod reach everything until its policies are written to the node, in a moment or two:
https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy-configure.html (`standard`). A connector that took
processes meanwhile would call for its tenants whatever the policies refuse.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Final, Literal

from patchbay_runtime.worker.status import WorkerStatus

log = logging.getLogger(__name__)

# Within a network a connection takes milliseconds; each attempt begins anew, so that one lost packet decides nothing.
_ATTEMPT_SECONDS: Final = 0.3
_ATTEMPTS: Final = 3
_PAUSE_SECONDS: Final = 0.1
_TELL_EVERY_SECONDS: Final = 10.0
# Policies drop packets in silence. Any other failure, such as an API server that is away or a network that is not up
# yet, says nothing of them: it has to last for longer than they take to come.
_UNSURE_SECONDS: Final = 5.0


async def until_closed(address: str, status: WorkerStatus, stop: asyncio.Event) -> None:
    """Return once `address` (`host:port`), which policies refuse to the pod, cannot be reached; or at `stop`."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")  # as IPv6 is written before a port
    loop = asyncio.get_running_loop()
    tell_at = loop.time()
    status.network_is_closed(False)
    unsure_since: float | None = None
    while not stop.is_set() and (found := await _tried(host, int(port))) != "silence":
        if found == "answer":
            unsure_since = None
        elif unsure_since is None:
            unsure_since = loop.time()
        elif loop.time() - unsure_since >= _UNSURE_SECONDS:
            break
        if loop.time() >= tell_at:
            log.warning("waiting for the network policies: %s gives %s", address, found)
            tell_at = loop.time() + _TELL_EVERY_SECONDS
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _PAUSE_SECONDS)
    status.network_is_closed(True)


async def _tried(host: str, port: int) -> Literal["answer", "failure", "silence"]:
    for _ in range(_ATTEMPTS):
        try:
            async with asyncio.timeout(_ATTEMPT_SECONDS):
                _, writer = await asyncio.open_connection(host, port)
        except TimeoutError:
            continue
        except OSError:
            return "failure"
        writer.close()
        return "answer"
    return "silence"
