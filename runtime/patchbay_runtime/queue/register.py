"""The register of live workers."""

import json
import socket
import uuid
from dataclasses import asdict, dataclass
from typing import Literal

from redis.asyncio import Redis

from patchbay_runtime.queue.scripts import run_script, worker_keys

GONE_SECONDS = 14
"""A worker that was not heard of for this long is no longer listed; Laravel Horizon's figure."""


def worker_name() -> str:
    """A name for a worker on this host, in a cluster its pod; another one after each start."""
    return f"{socket.gethostname()}-{uuid.uuid4().hex[:8]}"


def host_of(worker: str) -> str:
    """The host in a worker's name."""
    return worker.rpartition("-")[0]


@dataclass(frozen=True)
class WorkerRecord:
    """What a worker tells of itself; `started_at` in Unix seconds. A `paused` one takes nothing new."""

    name: str
    shape: str
    environment: str
    pid: int
    slots: int
    started_at: float
    status: Literal["running", "paused"]

    @classmethod
    def from_json(cls, text: str) -> "WorkerRecord":
        """The inverse of what `register` stores."""
        return cls(**json.loads(text))


async def register(redis: Redis, record: WorkerRecord) -> None:
    """List the worker, or renew its entry."""
    await run_script(redis, "register", worker_keys(), record.name, json.dumps(asdict(record)))


async def strike_off(redis: Redis, name: str) -> None:
    """Take the worker off the list."""
    await run_script(redis, "register", worker_keys(), name, "")
