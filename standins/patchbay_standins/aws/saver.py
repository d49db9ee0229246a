"""When the state is saved: soon after a change, and never so often that calls wait for it noticeably."""

import re
import threading
import time
import traceback
from pathlib import Path
from threading import RLock
from typing import Final

from patchbay_standins.aws import snapshot

QUIET_SECONDS: Final = 0.3  # after the last change
LATEST_SECONDS: Final = 3.0  # after the first change that is not saved: what kill -9 can lose
_SHARE: Final = 0.05  # of the time at most that calls wait for a save

_READS: Final = re.compile(r"(Describe|Get|List|Head|Search|Simulate|Lookup|BatchGet|Assume|GET|HEAD|OPTIONS)")


class Saver:
    """Saves under the dispatcher's lock, in a thread of its own."""

    def __init__(self, path: Path, account: str, lock: RLock) -> None:
        self._path = path
        self._account = account
        self._lock = lock
        self._saving = threading.Lock()  # taken before the dispatcher's
        self._changed = threading.Event()
        self._first = self._last = self._not_before = 0.0

    def served(self, operation: str) -> None:
        """Called under the lock after each call."""
        if _READS.match(operation):
            return
        self._last = time.monotonic()
        if not self._changed.is_set():
            self._first = self._last
            self._changed.set()

    def run(self) -> None:
        """Saves what changes, for ever."""
        while True:
            self._changed.wait()
            due = max(min(self._last + QUIET_SECONDS, self._first + LATEST_SECONDS), self._not_before)
            if (wait := due - time.monotonic()) > 0:
                time.sleep(wait)
                continue
            try:
                self.save()
            except Exception as error:  # the emulator serves on: its state is lost only if it ends before the next save
                traceback.print_exception(error)

    def save(self) -> None:
        """Saves the state if it has changed."""
        with self._saving:
            with self._lock:
                if not self._changed.is_set():
                    return
                self._changed.clear()
                began = time.monotonic()
                taken = snapshot.take(self._account)
                ended = time.monotonic()
                self._not_before = ended + (ended - began) / _SHARE
            snapshot.save(taken, self._path)

    def close(self) -> None:
        """Saves the state for the last time. No call is served any more: it would be forgotten."""
        with self._saving:
            self._lock.acquire()
            if self._changed.is_set():
                snapshot.save(snapshot.take(self._account), self._path)
