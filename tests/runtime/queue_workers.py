"""Worker processes of the queue's tests, and what they noted."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from patchbay_runtime.queue import Pace

PROGRAM = Path(__file__).with_name("queue_worker_program.py")


class Note(NamedTuple):
    """A line of the journal."""

    what: str
    process_id: str
    tenant: str
    deliveries: int
    pid: int


class Workers:
    """Starts worker processes and reads their journal; `close` ends what still runs."""

    def __init__(self, port: int, shape: str, directory: Path, pace: Pace) -> None:
        self._port, self._shape = port, shape
        self._pace = json.dumps(asdict(pace))
        self._journal = directory / "journal"
        self._journal.touch()
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        """Start one more."""
        command = [sys.executable, str(PROGRAM), str(self._port), self._shape, str(self._journal), self._pace]
        self.processes.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        return self.processes[-1]

    def stop(self, worker: subprocess.Popen[bytes]) -> int:
        """SIGTERM; the exit code."""
        worker.send_signal(signal.SIGTERM)
        return worker.wait(60)

    def release(self) -> None:
        """Let the processes end whose ids begin with `held-`."""
        self._journal.with_name(f"{self._journal.name}.release").touch()

    def notes(self, what: str) -> list[Note]:
        """The lines so far that begin with `what`."""
        lines = (line.split() for line in self._journal.read_text().splitlines())
        notes = [Note(kind, process, tenant, int(count), int(pid)) for kind, process, tenant, count, pid in lines]
        return [note for note in notes if note.what == what]

    def ended(self) -> Counter[str]:
        """How often each process ended."""
        return Counter(note.process_id for note in self.notes("end"))

    def close(self) -> None:
        """End what still runs."""
        for worker in self.processes:
            worker.kill()
            worker.wait()


async def until(condition: Callable[[], bool | Awaitable[bool]], seconds: float, what: str) -> None:
    """Wait for the condition; fails with `what` when it does not come to hold in time."""
    deadline = time.monotonic() + seconds
    while True:
        held = condition()
        if held if isinstance(held, bool) else await held:
            return
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.02)
