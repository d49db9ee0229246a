"""What a worker knows of its own state; its probes and metrics read it."""

import threading
import time

from prometheus_client import Counter, Gauge, Histogram

from patchbay_runtime.queue import Delivery, Observer, Outcome

STALLED_SECONDS = 30.0
"""An event loop that has not turned for this long is taken for hung."""

PROCESSES = Counter("patchbay_worker_processes", "Deliveries that ended.", ["shape", "outcome"])
SECONDS = Histogram(
    "patchbay_worker_process_seconds",
    "From the hand-over of a process to its end.",
    ["shape"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60),
)
RUNNING = Gauge("patchbay_worker_running_processes", "Processes that run in this worker.", ["shape"])
REDIS_UP = Gauge("patchbay_worker_redis_up", "1 if Redis answered the last command.", ["shape"])
DATABASE_UP = Gauge("patchbay_worker_database_up", "1 if MariaDB answered the last time.", ["shape"])
STOPPING = Gauge("patchbay_worker_stopping", "1 once the worker was told to leave, and finishes what runs.", ["shape"])
# Outages are shorter than the time between two scrapes.
LOSSES = Counter("patchbay_worker_store_losses", "How often a data store stopped answering.", ["shape", "store"])
DEAD_LETTERS = Counter("patchbay_worker_dead_letters", "Processes that were given up.", ["shape"])


class WorkerStatus(Observer):
    """Set by the event loop, read by the probes' thread."""

    def __init__(self, shape: str) -> None:
        self.shape = shape
        self.stopping = threading.Event()
        self._turned_at = time.monotonic()
        self._redis_up = False
        self._database_up = True
        self._network_closed = True
        for outcome in ("done", "failed", "retried", "left"):
            PROCESSES.labels(shape, outcome)
        SECONDS.labels(shape)
        RUNNING.labels(shape)
        for store in ("redis", "mariadb"):
            LOSSES.labels(shape, store)
        DEAD_LETTERS.labels(shape)
        STOPPING.labels(shape).set_function(self.stopping.is_set)
        self.redis_answers(False)
        self.handler_available(True)

    def redis_answers(self, answers: bool) -> None:
        if self._redis_up and not answers:
            LOSSES.labels(self.shape, "redis").inc()
        self._redis_up = answers
        REDIS_UP.labels(self.shape).set(answers)

    def handler_available(self, available: bool) -> None:
        if self._database_up and not available:
            LOSSES.labels(self.shape, "mariadb").inc()
        self._database_up = available
        DATABASE_UP.labels(self.shape).set(available)

    def network_is_closed(self, closed: bool) -> None:
        """Whether what the pod's network policies refuse is out of reach."""
        self._network_closed = closed

    def began(self, delivery: Delivery) -> None:
        RUNNING.labels(delivery.shape).inc()

    def ended(self, delivery: Delivery, outcome: Outcome | None, seconds: float) -> None:
        RUNNING.labels(delivery.shape).dec()
        PROCESSES.labels(delivery.shape, outcome or "left").inc()
        SECONDS.labels(delivery.shape).observe(seconds)

    def buried(self, delivery: Delivery) -> None:
        DEAD_LETTERS.labels(delivery.shape).inc()

    def loop_turned(self) -> None:
        """The event loop has come round."""
        self._turned_at = time.monotonic()

    @property
    def alive(self) -> bool:
        """The event loop turns."""
        return time.monotonic() - self._turned_at < STALLED_SECONDS

    def not_ready(self) -> list[str]:
        """Why the worker takes no processes; empty if it does."""
        reasons = []
        if self.stopping.is_set():
            reasons.append("stopping")
        if not self._network_closed:
            reasons.append("the network policies are not in force")
        if not self._redis_up:
            reasons.append("Redis is away")
        if not self._database_up:
            reasons.append("MariaDB is away")
        return reasons
