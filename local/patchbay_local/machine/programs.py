"""Running other programs: their output goes to a log, their end is checked, none outlives an interruption."""

import contextlib
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

_TAIL_LINES: Final = 25
_SIGNALS: Final = ((signal.SIGINT, 30), (signal.SIGTERM, 10), (signal.SIGKILL, 5))  # with seconds of patience
_running: set[subprocess.Popen[str]] = set()
_running_guard = threading.Lock()


class CommandError(RuntimeError):
    """A program ended with an error; the message holds the end of its output."""

    def __init__(self, command: Sequence[str], code: int, tail: str, log: Path | None) -> None:
        where = f" (all of it: {log})" if log else ""
        super().__init__(f"{Path(command[0]).name} ended with code {code}{where}:\n{tail}".rstrip())
        self.code = code


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
    on_line: Callable[[str], None] | None = None,
    low_priority: bool = False,
) -> str:
    """Run to the end and return the output, standard error included.

    `env` is added to the environment. `on_line` sees every line as it comes, for progress.
    Raises CommandError when the program fails.
    """
    words = [str(word) for word in command]
    nice = ["nice", "-n", "10"] if low_priority else []
    tail: deque[str] = deque(maxlen=_TAIL_LINES)
    lines: list[str] = []
    process = subprocess.Popen(
        bound([*nice, *words]),
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        process_group=0,
    )
    with _running_guard:
        _running.add(process)
    sink = _open_log(log, words)
    try:
        assert process.stdout is not None  # noqa: S101 - narrows the type: stdout is a pipe above
        for line in process.stdout:
            tail.append(line)
            if sink:
                sink.write(line)
            else:
                lines.append(line)
            if on_line:
                on_line(line.rstrip("\n"))
        code = process.wait()
    except BaseException:
        _terminate(process)
        raise
    finally:
        with _running_guard:
            _running.discard(process)
        if sink:
            sink.close()
    if code != 0:
        raise CommandError(words, code, "".join(tail), log)
    return "".join(lines)


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


def _terminate(process: subprocess.Popen[str]) -> None:
    # A group of its own: a terminal's Ctrl-C does not reach it, so it is asked exactly once and may end in order.
    for number, patience in _SIGNALS:
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)


def _open_log(log: Path | None, words: list[str]) -> IO[str] | None:
    if log is None:
        return None
    log.parent.mkdir(parents=True, exist_ok=True)
    sink = log.open("a", encoding="utf-8", buffering=1)
    sink.write(f"$ {' '.join(words)}\n")
    return sink
