"""Running other programs: their output goes to a log, their end is checked, none outlives an interruption."""

import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

_TAIL_LINES: Final = 25
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
    tail: deque[str] = deque(maxlen=_TAIL_LINES)
    lines: list[str] = []
    process = subprocess.Popen(
        ["nice", "-n", "10", *words] if low_priority else words,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
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


def terminate_all() -> None:
    """Stop what other threads still run, after an interruption of the main thread."""
    with _running_guard:
        processes = list(_running)
    for process in processes:
        _terminate(process)


def _terminate(process: subprocess.Popen[str]) -> None:
    for number, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 5)):
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue


def _open_log(log: Path | None, words: list[str]) -> IO[str] | None:
    if log is None:
        return None
    log.parent.mkdir(parents=True, exist_ok=True)
    sink = log.open("a", encoding="utf-8", buffering=1)
    sink.write(f"$ {' '.join(words)}\n")
    return sink
