"""Word of runs that have ended, for those who wait for them. The database stays the truth: word may be lost."""

import logging
from typing import Final

from redis.asyncio import Redis

from patchbay_runtime.queue import REDIS_AWAY

CHANNEL: Final = "patchbay:run-ended"

log = logging.getLogger(__name__)


def run_key(tenant: str, run: str) -> str:
    """What is published of a run."""
    return f"{tenant}/{run}"


async def publish_run_ended(redis: Redis, tenant: str, run: str) -> None:
    """Tell the API's replicas; while Redis is away nobody is told, and they look into the database by themselves."""
    try:
        await redis.publish(CHANNEL, run_key(tenant, run))
    except REDIS_AWAY:
        log.debug("nobody told of the end of a run: Redis is away", extra={"tenant": tenant, "run": run})
