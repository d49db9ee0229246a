"""One run of faults at a time, and nobody who puts back what it has just changed."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from patchbay_loadtests.core.errors import UnusableEnvironmentError


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """UnusableEnvironmentError while another process runs faults."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UnusableEnvironmentError("faults are being run by another process") from None
        yield
