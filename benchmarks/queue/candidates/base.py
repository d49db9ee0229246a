"""What a compared queue must offer."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

Handler = Callable[[str], Awaitable[None]]

CONCURRENCY = 8
LEASE_SECONDS = 9
MAX_DELIVERIES = 3


class Counts(NamedTuple):
    """Processes at one instant, read as atomically as the queue's data allow."""

    waiting: int
    reserved: int
    delayed: int


class Candidate(ABC):
    """A queue on the Redis at 127.0.0.1:`port`, set up to redeliver within 15 s and to give up after 3 deliveries."""

    def __init__(self, port: int) -> None:
        self.port = port

    @abstractmethod
    def put(self, process_ids: Sequence[str], delay_seconds: float = 0) -> None:
        """Queue processes."""

    @abstractmethod
    def counts(self) -> Counts:
        """What waits, is reserved and is delayed."""

    @abstractmethod
    def serve(self, handler: Handler) -> None:
        """Run processes, eight at a time, until SIGTERM; then finish what runs and return."""
