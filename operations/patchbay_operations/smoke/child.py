"""One program run within its time: its output goes to a log and to whoever watches, its end is checked."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

_LOOK_SECONDS: Final = 0.2
_TAIL_LINES: Final = 15
# After the grace: a second SIGINT ends Pulumi without waiting for what it has begun.
_LAST_SECONDS: Final = 30.0


class ChildError(Exception):
    """A program failed, was stopped, or took too long. `killed`: it could not end in order."""

    def __init__(self, message: str, *, killed: bool = False) -> None:
        super().__init__(message)
        self.killed = killed


@dataclass(frozen=True)
class Within:
    """Until when, by time.monotonic(), and who may end it earlier. `grace`: seconds for ending in order."""

    until: float
    stopped: Callable[[], bool]
    grace: float


def run_child(
    command: Sequence[str],
    *,
    within: Within,
    directory: Path,
    environment: Mapping[str, str],
    log: Path,
    on_line: Callable[[str], None],
    quiet: bool = False,
) -> str:
    """The standard output. Both go to the log and to `on_line`; `quiet`: the standard output does not."""
    shown = " ".join(command[:3])
    if shutil.which(command[0], path=environment.get("PATH")) is None:
        raise ChildError(f"{command[0]}: not on the PATH; install it")
    with _sink(log) as sink:
        _write(sink, f"$ {' '.join(command)}\n")
        process = subprocess.Popen(
            [*_bound(), *command],
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            # A terminal's Ctrl-C would reach it as well, and twice means "at once" to Pulumi.
            process_group=0,
        )
        output = _Output(process, sink, on_line, quiet=quiet)
        ended = _wait(process, within)
        output.join()
    if ended is not None:
        raise ChildError(f"`{shown}` {ended.reason}", killed=ended.killed)
    if process.returncode:
        message = f"`{shown}` ended with {process.returncode} (all of it: {log}):\n{output.tail}".rstrip()
        raise ChildError(message, killed=process.returncode < 0)
    return output.text


@dataclass(frozen=True)
class _Ended:
    reason: str
    killed: bool


@contextlib.contextmanager
def _sink(log: Path) -> Iterator[IO[str]]:
    """The log; nowhere, where the disk does not take it: what is run matters more."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        sink = log.open("a", encoding="utf-8", buffering=1)
    except OSError:
        sink = Path(os.devnull).open("a", encoding="utf-8")  # noqa: SIM115 - closed below
    try:
        yield sink
    finally:
        # Closing writes what could not be written before.
        with contextlib.suppress(OSError):
            sink.close()


def _write(sink: IO[str], text: str) -> None:
    with contextlib.suppress(OSError):
        sink.write(text)


def _bound() -> list[str]:
    """Makes a program end in order when this one is killed."""
    return ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []


def _wait(process: subprocess.Popen[str], within: Within) -> _Ended | None:
    """None where it ended by itself."""
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK_SECONDS)
            return None
        if within.stopped():
            return _end(process, within, "was stopped by a signal")
        if time.monotonic() > within.until:
            return _end(process, within, "took longer than it may")


def _end(process: subprocess.Popen[str], within: Within, reason: str) -> _Ended:
    for number, seconds in ((signal.SIGINT, within.grace), (signal.SIGINT, _LAST_SECONDS)):
        _signal(process, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(min(seconds, within.grace))
            return _Ended(reason, killed=False)
    _signal(process, signal.SIGKILL)
    process.wait()
    return _Ended(f"{reason}, and was killed as it did not end", killed=True)


def _signal(process: subprocess.Popen[str], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


class _Output:
    """What a program prints, read by a thread for each of its outputs."""

    def __init__(
        self, process: subprocess.Popen[str], sink: IO[str], on_line: Callable[[str], None], *, quiet: bool
    ) -> None:
        self._sink, self._on_line, self._quiet = sink, on_line, quiet
        self._lines: list[str] = []
        self._last: deque[str] = deque(maxlen=_TAIL_LINES)
        pipes = (process.stdout, process.stderr)
        self._threads = [threading.Thread(target=self._read, args=(pipe, pipe is process.stdout)) for pipe in pipes]
        for thread in self._threads:
            thread.start()

    @property
    def text(self) -> str:
        return "".join(self._lines)

    @property
    def tail(self) -> str:
        return "".join(self._last)

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _read(self, pipe: IO[str], kept: bool) -> None:
        with pipe:
            for line in pipe:
                if kept:
                    self._lines.append(line)
                if kept and self._quiet:
                    continue
                self._last.append(line)
                # A program whose output nobody reads to its end is killed by its next line.
                _write(self._sink, line)
                with contextlib.suppress(OSError):
                    self._on_line(line.rstrip("\n"))
