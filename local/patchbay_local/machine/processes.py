"""Processes by pid and start time, so that a reused pid is never taken for ours."""

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict

from patchbay_local.machine.files import entries

# In the environment of every process that the environment starts: finds those that a crash left unrecorded.
TOKEN_VARIABLE = "PATCHBAY_PROCESS"  # noqa: S105 - a marker, no credential


class ProcessId(BaseModel):
    """A pid with the time its process started (clock ticks since boot): together unique until the next boot."""

    model_config = ConfigDict(frozen=True)

    pid: int
    started_ticks: int

    @classmethod
    def of(cls, pid: int) -> "ProcessId | None":
        fields = _stat_fields(pid)
        return None if fields is None else cls(pid=pid, started_ticks=int(fields[19]))

    def is_alive(self) -> bool:
        """A zombie counts as dead once its last thread has ended: until then its ports and files are in use.

        The first thread is a zombie as soon as it has ended, the others may still have to (`state` and `num_threads`
        in proc_pid_stat(5)). `X` is what comes after `Z`, for a moment.
        """
        fields = _stat_fields(self.pid)
        if fields is None or int(fields[19]) != self.started_ticks:
            return False
        return fields[0] not in ("Z", "X") or int(fields[17]) > 1

    def send(self, number: signal.Signals) -> None:
        if self.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def _stat_fields(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


def with_token(token: str) -> list[ProcessId]:
    """Processes whose environment carries the token, in the order of their pids.

    One that is just replacing its program has no environment for a moment, and is not found then.
    """
    found = (ProcessId.of(pid) for pid in psutil.pids() if _carries(pid, token))
    return [process for process in found if process]


def wait_for_token(process: ProcessId, token: str, *, seconds: float = 5) -> None:
    """Returns once `with_token` would find the process, once it has ended, or after `seconds`.

    A program that was just begun has no environment yet for a moment, and whoever stops it then does not find it.
    """
    deadline = time.monotonic() + seconds
    while process.is_alive() and not _carries(process.pid, token) and time.monotonic() < deadline:
        time.sleep(0.001)


def _carries(pid: int, token: str) -> bool:
    process = Path(f"/proc/{pid}")
    return f"{TOKEN_VARIABLE}={token}".encode() in (_environment(process) or _environment_of_threads(process))


def _environment(directory: Path) -> list[bytes]:
    """Empty where there is none (any more)."""
    try:
        content = (directory / "environ").read_bytes()
    except OSError:
        return []
    return content.split(b"\0") if content else []


def _environment_of_threads(process: Path) -> list[bytes]:
    """A first thread that has ended has none any more, while the others still use it."""
    return next(filter(None, map(_environment, entries(process / "task"))), [])


def stop(processes: Iterable[ProcessId], *, grace_seconds: float) -> list[ProcessId]:
    """SIGTERM to all, SIGKILL to what outlives the grace; returns what would not die."""
    waiting = [process for process in processes if process.is_alive()]
    if grace_seconds > 0:
        for process in waiting:
            process.send(signal.SIGTERM)
        waiting = _wait_gone(waiting, grace_seconds)
    for process in waiting:
        process.send(signal.SIGKILL)
    return _wait_gone(waiting, 5)


def _wait_gone(processes: list[ProcessId], seconds: float) -> list[ProcessId]:
    deadline = time.monotonic() + seconds
    while processes := [process for process in processes if process.is_alive()]:
        if time.monotonic() > deadline:
            break
        for process in processes:
            # Reaps our own children; others are reaped by their parents.
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process.pid, os.WNOHANG)
        time.sleep(0.02)
    return processes
