"""Asked to end: what begins the destruction early."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final

# A build server sends the first two of a cancelled job some seconds apart (GitHub's reference of workflow
# cancellation: SIGINT, 7.5 s later SIGTERM): both mean the same, and only a third leaves the destruction.
_PATIENCE: Final = 2
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Stop:
    """How often the run was asked to end."""

    asked: int = 0

    @property
    def work(self) -> bool:
        """Whether nothing is to be done any more but the destruction."""
        return self.asked > 0

    @property
    def everything(self) -> bool:
        """Whether the destruction is to be left, too."""
        return self.asked > _PATIENCE


@contextmanager
def heeding() -> Iterator[Stop]:
    """Signals are counted, and end nothing by themselves."""
    stop = Stop()

    def count(_number: int, _frame: FrameType | None) -> None:
        stop.asked += 1

    before = {number: signal.signal(number, count) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
