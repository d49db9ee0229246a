"""Child processes of the language host: none outlives it, or the call that started it."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Final

from patchbay_standins.pulumi_plugins.plugin.errors import ProviderError

STOP_SECONDS: Final = 3.0


class Children:
    """The running children."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._is_closed = False

    @contextmanager
    def run(
        self,
        command: list[str],
        *,
        cwd: str,
        environment: dict[str, str],
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Starts a command; ends it if it still runs when the context is left.

        Raises ProviderError once `close` has been called.
        """
        # Started under the lock: `close` sees every child, or none starts after it.
        with self._lock:
            if self._is_closed:
                raise ProviderError("the language host is being stopped: it starts nothing more")
            child = subprocess.Popen(
                command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
            )
            self._running.add(child)
        try:
            yield child
        finally:
            end(child)
            with self._lock:
                self._running.discard(child)

    def close(self) -> None:
        """Ends every child, and starts none from here on."""
        with self._lock:
            self._is_closed = True
        self.end_all()

    def end_all(self) -> None:
        """Ends every child."""
        with self._lock:
            running = list(self._running)
        for child in running:
            end(child)


def end(child: subprocess.Popen[bytes]) -> None:
    """Ends a child: asks first, then kills."""
    if child.poll() is not None:
        return
    with suppress(ProcessLookupError):
        child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
