"""One `make up` or `make down` at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from patchbay_local.machine import paths

# Beside RUN, which `make down` removes.
_LOCK: Final = paths.RUN.with_suffix(".lock")


class AlreadyRunningError(RuntimeError):
    """Another command changes the environment at this moment."""


@contextmanager
def only_one(verb: str) -> Iterator[None]:
    """Hold the lock while the block runs; the kernel frees it when the process ends, however it ends."""
    handle = os.open(_LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(handle, 100, 0).decode().strip() or "another command"
            raise AlreadyRunningError(f"{holder} is at work: wait for its end, or stop it with Ctrl-C") from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"`{verb}` (pid {os.getpid()})\n".encode(), 0)
        yield
    finally:
        os.close(handle)
