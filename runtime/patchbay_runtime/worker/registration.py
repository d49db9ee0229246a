"""Keeps the worker in the register of live workers."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace

from patchbay_runtime.queue import REDIS_AWAY, ProcessQueue, WorkerRecord, register, strike_off

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 2.0


async def stay_registered(queue: ProcessQueue, record: WorkerRecord, stopping: asyncio.Event) -> None:
    """Renew the entry until cancelled, then strike it off; `paused` and without slots once the worker is stopping."""
    try:
        while True:
            shown = replace(record, slots=0, status="paused") if stopping.is_set() else record
            with suppress(*REDIS_AWAY):  # the worker's loop tells of it
                await register(queue.redis, shown)
            if stopping.is_set():
                await asyncio.sleep(HEARTBEAT_SECONDS)
            else:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), HEARTBEAT_SECONDS)
    finally:
        with suppress(*REDIS_AWAY):
            await strike_off(queue.redis, record.name)
