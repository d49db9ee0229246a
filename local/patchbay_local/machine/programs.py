"""Running other programs: their output goes to a log, their end is checked, none outlives an interruption."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from patchbay_local.machine import paths

_TAIL_LINES: Final = 25
_SIGNALS: Final = ((signal.SIGINT, 30), (signal.SIGTERM, 10), (signal.SIGKILL, 5))  # with seconds of patience
# The login that an address holds: https://USER:PASSWORD@host.
LOGIN: Final = re.compile(r"(?<=://)([^/\s]+)@")
_running: set[subprocess.Popen[str]] = set()
_running_guard = threading.Lock()


class HostError(RuntimeError):
    """A change of the machine failed; the message says what, and with which words."""


class CommandError(HostError):
    """A program ended with an error; the message holds the end of its output."""

    def __init__(self, command: Sequence[str], code: int, tail: str, log: Path | None) -> None:
        where = f" (all of it: {log})" if log else ""
        super().__init__(f"{_short(command)}: ended with code {code}{where}:\n{redacted(tail)}".rstrip())
        self.code = code


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    log: Path | None = None,
    on_line: Callable[[str], None] | None = None,
    low_priority: bool = False,
    timeout_seconds: float | None = None,
) -> str:
    """Run to the end and return the standard output; with a `log`, both outputs go there and nothing is returned.

    `env` is added to the environment. `on_line` sees every line of both outputs as it comes, for progress.
    Raises CommandError when the program fails, HostError when it is missing or takes longer than `timeout_seconds`.
    """
    words = [str(word) for word in command]
    if shutil.which(words[0]) is None:
        raise HostError(f"{words[0]}: not found on PATH; install its package")
    nice = ["nice", "-n", "10"] if low_priority else []
    with _input(stdin) as source, _log(log, words) as sink:
        process = subprocess.Popen(
            bound([*nice, *words]),
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if sink else subprocess.PIPE,
            text=True,
            errors="replace",
            process_group=0,
        )
        output = _Output(process, sink, on_line)
        with _running_guard:
            _running.add(process)
        try:
            with _limit(process, timeout_seconds) as expired:
                output.read()
                code = process.wait()
        except BaseException:
            _terminate(process)
            raise
        finally:
            with _running_guard:
                _running.discard(process)
    if expired.is_set():
        raise HostError(f"{_short(words)}: took longer than {timeout_seconds:.0f} s")
    if code != 0:
        raise CommandError(words, code, output.tail, log)
    return output.text


def succeeds(command: Sequence[str | Path], *, timeout_seconds: float = 30) -> bool:
    """Whether a program exits with 0; also for undoing what may be gone already."""
    try:
        run(command, timeout_seconds=timeout_seconds)
    except HostError:
        return False
    return True


def run_in_front(command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> int:
    """Run with this process's own output and return the exit code; an interruption lets it clean up first."""
    process = subprocess.Popen(
        bound(command), cwd=cwd, env={**os.environ, **env}, stdin=subprocess.DEVNULL, text=True, process_group=0
    )
    try:
        return process.wait()
    except BaseException:
        _terminate(process)
        raise


def bound(command: Sequence[str]) -> list[str]:
    """The command, made to end when this process ends, were it by SIGKILL."""
    return ["setpriv", "--pdeathsig", "TERM", *command]


def terminate_all() -> None:
    """Stop what other threads still run, after an interruption of the main thread."""
    with _running_guard:
        processes = list(_running)
    for process in processes:
        _terminate(process)


def redacted(text: str) -> str:
    """Without the logins that addresses in it hold (https://user:password@host)."""
    return LOGIN.sub("***@", text)


class _Output:
    """What a program prints; two pipes where the standard error has one of its own."""

    def __init__(
        self, process: subprocess.Popen[str], sink: IO[str] | None, on_line: Callable[[str], None] | None
    ) -> None:
        self._process = process
        self._sink = sink
        self._on_line = on_line
        self._lines: list[str] = []
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)

    @property
    def text(self) -> str:
        return "".join(self._lines)

    @property
    def tail(self) -> str:
        return "".join(self._tail)

    def read(self) -> None:
        """Until both have ended."""
        process = self._process
        assert process.stdout is not None  # noqa: S101 - narrows the type: it is a pipe
        if process.stderr is None:
            self._take(process.stdout, kept=False)
            return
        errors = threading.Thread(target=self._take, args=(process.stderr,), kwargs={"kept": False})
        errors.start()
        try:
            self._take(process.stdout, kept=True)
        except BaseException:
            _terminate(process)
            raise
        finally:
            errors.join()

    def _take(self, pipe: IO[str], *, kept: bool) -> None:
        with pipe:
            for line in pipe:
                self._tail.append(line)
                if self._sink:
                    self._sink.write(redacted(line))
                if kept:
                    self._lines.append(line)
                if self._on_line:
                    self._on_line(line.rstrip("\n"))


@contextmanager
def _limit(process: subprocess.Popen[str], seconds: float | None) -> Iterator[threading.Event]:
    """Kills the program once its time is over; the event tells of that."""
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    if seconds is None:
        yield expired
        return
    timer = threading.Timer(seconds, expire)
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()


def _terminate(process: subprocess.Popen[str]) -> None:
    # A group of its own: a terminal's Ctrl-C does not reach it, so it is asked exactly once and may end in order.
    for number, patience in _SIGNALS:
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)


@contextmanager
def _input(text: str | None) -> Iterator[IO[str] | int]:
    if text is None:
        yield subprocess.DEVNULL
        return
    # A file and no pipe: nobody waits for the program to read it.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
        file.write(text)
        file.seek(0)
        yield file


@contextmanager
def _log(log: Path | None, words: list[str]) -> Iterator[IO[str] | None]:
    if log is None:
        yield None
        return
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if log.parent == paths.LOGS:
        log.parent.chmod(0o700)  # it may be there since before; what programs write is not for every user
    with log.open("a", encoding="utf-8", buffering=1) as sink:
        sink.write(f"$ {redacted(' '.join(words))}\n")
        yield sink


def _short(command: Sequence[str]) -> str:
    """The program and its first words: the rest may be long."""
    name = Path(command[0]).name
    return redacted(" ".join([name, *command[1:]]))[:200]
