"""Waiting between tries."""

import asyncio
from collections.abc import Awaitable

FIRST_SECONDS = 0.1
LONGEST_SECONDS = 5.0


class Pause:
    """A pause that doubles from 0.1 s up to five seconds and ends early when its event is set."""

    def __init__(self, longest_seconds: float = LONGEST_SECONDS) -> None:
        self._longest = longest_seconds
        self._seconds = FIRST_SECONDS

    async def wait(self, until: asyncio.Event) -> None:
        """Wait, at most until the event is set."""
        await first_of(until.wait(), timeout=self._seconds)
        self._seconds = min(self._seconds * 2, self._longest)

    def reset(self) -> None:
        """Begin with the shortest pause again."""
        self._seconds = FIRST_SECONDS


async def first_of(*waits: Awaitable[object], timeout: float) -> None:  # noqa: ASYNC109 (a bound, not an error)
    """Return when the first of the waits ends, or after `timeout` seconds."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
