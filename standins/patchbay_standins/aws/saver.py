"""When the state is saved: soon after a change, and never so often that calls wait for it noticeably."""

import re
import sys
import threading
import time
from pathlib import Path
from threading import RLock
from typing import Final

from patchbay_standins.aws import snapshot

QUIET_SECONDS: Final = 0.3  # after the last change
LATEST_SECONDS: Final = 3.0  # after the first change that is not saved: what kill -9 can lose
RETRY_SECONDS: Final = 2.0  # after a save that failed
CLOSE_SECONDS: Final = 10.0  # for the last save, which is tried again until then
_SHARE: Final = 0.05  # of the time at most that calls wait for a save

_READS: Final = re.compile(r"(Describe|Get|List|Head|Search|Simulate|Lookup|BatchGet|Assume|GET|HEAD|OPTIONS)")


class Saver:
    """Saves under the dispatcher's lock, in a thread of its own. What could not be saved is tried again."""

    def __init__(
        self,
        path: Path,
        account: str,
        lock: RLock,
        *,
        retry_seconds: float = RETRY_SECONDS,
        close_seconds: float = CLOSE_SECONDS,
    ) -> None:
        self._path = path
        self._account = account
        self._lock = lock
        self._retry_seconds = retry_seconds
        self._close_seconds = close_seconds
        self._saving = threading.Lock()  # taken before the dispatcher's
        self._changed = threading.Event()
        self._first = self._last = self._not_before = 0.0
        self._failure = ""

    @property
    def failure(self) -> str:
        """Why the last save failed; empty where it did not."""
        return self._failure

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
            self.save()

    def save(self) -> bool:
        """Saves the state if it has changed; False where that failed: it is not saved then, and counts as changed."""
        with self._saving:
            with self._lock:
                if not self._changed.is_set():
                    return True
                self._changed.clear()
                began = time.monotonic()
                try:
                    taken = snapshot.take(self._account)
                except Exception as error:  # a resource that cannot be saved; the emulator serves on
                    return self._failed(error)
                ended = time.monotonic()
                self._not_before = ended + (ended - began) / _SHARE
            try:
                snapshot.save(taken, self._path)
            except OSError as error:
                return self._failed(error)
            if self._failure:
                self._tell("the state is saved again")
                self._failure = ""
            return True

    def close(self) -> bool:
        """Saves the state for the last time; False where it is lost. No call is served any more: it would be forgotten.

        What fails is tried again for `close_seconds`: room may be made on the disk.
        """
        self._lock.acquire()
        deadline = time.monotonic() + self._close_seconds
        while not self.save():
            if time.monotonic() > deadline:
                self._tell("ended without saving the last changes: the state is that of the last save before")
                return False
            time.sleep(min(self._retry_seconds, self._close_seconds / 10))
        return True

    def _failed(self, error: Exception) -> bool:
        self._not_before = time.monotonic() + self._retry_seconds
        self._changed.set()
        failure = f"{self._path} cannot be saved: {type(error).__name__}: {error}"
        if failure != self._failure:
            # Once, not with each try.
            self._tell(
                f"{failure}; tried again every {self._retry_seconds:g} s. Changes since the last save are lost"
                " if the emulator ends before"
            )
        self._failure = failure
        return False

    @staticmethod
    def _tell(text: str) -> None:
        print(text, file=sys.stderr, flush=True)
