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
from patchbay_runtime.queue.process_queue import ProcessQueue
from patchbay_runtime.queue.run import Observer, run_worker

__all__ = [
    "MAX_DELIVERIES",
    "REDIS_AWAY",
    "DeadLetter",
    "DeadLetterHandler",
    "Delivery",
    "Handler",
    "Observer",
    "Outcome",
    "ProcessQueue",
    "ShapeCounts",
    "UnavailableError",
    "run_worker",
]
