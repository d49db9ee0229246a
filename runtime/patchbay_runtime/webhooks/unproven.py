"""Requests that a webhook took without a proof, as its flow is from before there were secrets."""

import logging
import time
from typing import Final

from prometheus_client import Counter

REQUESTS: Final = Counter(
    "patchbay_api_unproven_webhook_requests", "Requests that webhooks from before there were secrets took without one."
)
WARNING_SECONDS: Final = 60.0
"""Between two warnings of a flow, in each replica."""

log = logging.getLogger(__name__)


class UnprovenRequests:
    """Counts them, and warns of each flow that has some."""

    def __init__(self) -> None:
        # At most the flows that were there when there came to be secrets.
        self._warned_at: dict[tuple[str, str], float] = {}

    def note(self, tenant: str, flow: str) -> None:
        """Take down one request."""
        REQUESTS.inc()
        now = time.monotonic()
        if now - self._warned_at.get((tenant, flow), -WARNING_SECONDS) < WARNING_SECONDS:
            return
        self._warned_at[tenant, flow] = now
        log.warning(
            "a webhook took a request without a proof; make its secret and give it to the sender",
            extra={"tenant": tenant, "flow": flow},
        )
