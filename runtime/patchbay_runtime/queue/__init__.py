"""The queue of processes on Redis: put, count, and run with redelivery.

A process is delivered at least once: a handler must cope with a process that it has finished before.
"""

from patchbay_runtime.queue.connection import REDIS_AWAY
from patchbay_runtime.queue.delivery import (
    MAX_DELIVERIES,
    DeadLetter,
    DeadLetterHandler,
    Delivery,
    Handler,
    Outcome,
    ShapeCounts,
    UnavailableError,
)
from patchbay_runtime.queue.pace import USUAL_PACE, Pace
from patchbay_runtime.queue.process_queue import ProcessQueue, Snapshot
from patchbay_runtime.queue.register import WorkerRecord, host_of, register, strike_off, worker_name
from patchbay_runtime.queue.run import Observer, run_worker
from patchbay_runtime.queue.statistics import FAILED_MINUTES, RECENT_MINUTES, ShapeStatistics

__all__ = [
    "FAILED_MINUTES",
    "MAX_DELIVERIES",
    "RECENT_MINUTES",
    "REDIS_AWAY",
    "USUAL_PACE",
    "DeadLetter",
    "DeadLetterHandler",
    "Delivery",
    "Handler",
    "Observer",
    "Outcome",
    "Pace",
    "ProcessQueue",
    "ShapeCounts",
    "ShapeStatistics",
    "Snapshot",
    "UnavailableError",
    "WorkerRecord",
    "host_of",
    "register",
    "run_worker",
    "strike_off",
    "worker_name",
]
