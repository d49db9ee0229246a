"""What passes between the queue and those who use it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

MAX_DELIVERIES = 3
"""A process that was begun this often and never finished is dead-lettered."""

Outcome = Literal["done", "failed", "retried"]
"""How a delivery ended: `retried` means that the process comes again, delayed, and is not counted as finished."""


class UnavailableError(Exception):
    """Raised by a handler when what it needs (the database, the queue) is away.

    The delivery is not counted against the process: it stays reserved and is handed to the handler again, after a
    pause that doubles up to five seconds.
    """


@dataclass(frozen=True)
class Delivery:
    """One hand-over of a process to a worker; `deliveries` is 1 for the first."""

    process_id: str
    tenant: str
    shape: str
    deliveries: int


@dataclass(frozen=True)
class ShapeCounts:
    """The processes of a shape at one instant; each is in exactly one of the three states."""

    waiting: int
    reserved: int
    delayed: int
    oldest_wait_seconds: float


@dataclass(frozen=True)
class DeadLetter:
    """A process that was given up, and why; `at` in Unix seconds."""

    process_id: str
    tenant: str
    shape: str
    deliveries: int
    reason: str
    at: float


Handler = Callable[[Delivery], Awaitable[Outcome | None]]
"""Runs a process to its end; None is `done`. What it raises counts as a delivery that did not finish."""

DeadLetterHandler = Callable[[Delivery, str], Awaitable[None]]
"""Records that a process is given up; may be called more than once for the same process."""
