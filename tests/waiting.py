"""Waiting for a condition with a deadline."""

import time
from collections.abc import Callable

import httpx


def eventually(condition: Callable[[], None], within: float) -> None:
    """Return once `condition` asserts nothing wrong and is answered; after `within` seconds raise why it is not."""
    deadline = time.monotonic() + within
    while True:
        try:
            return condition()
        except (AssertionError, httpx.HTTPError):
            if time.monotonic() >= deadline:
                raise
        time.sleep(0.25)


def until(holds: Callable[[], bool], problem: str = "the condition did not come about", *, within: float = 20) -> None:
    """Return once `holds` does; after `within` seconds fail with `problem`."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, problem
        time.sleep(0.05)
