"""What runs, for how long, and how much is left: from the last run's durations, else from first-run estimates."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

_LINE_INTERVAL_SECONDS: Final = 10.0  # where the output is a file or a pipe
_REDRAW_SECONDS: Final = 0.2  # on a terminal
_MIN_FRACTION: Final = 0.02  # below it, the last run's duration tells more than the rate so far


@dataclass(frozen=True)
class Planned:
    """A step to come. `kind` tells apart what takes different times ("build", "unchanged")."""

    name: str
    title: str
    kind: str = ""
    background: bool = False  # beside the others: adds nothing to the time that is left

    @property
    def key(self) -> str:
        """Under which its duration is kept."""
        return f"{self.name}:{self.kind}" if self.kind else self.name


class Durations:
    """How long each step took when it last succeeded, in seconds."""

    def __init__(self, file: Path, first_run: Mapping[str, float]) -> None:
        self._file = file
        self._first_run = first_run
        self._guard = threading.Lock()

    def expected(self, key: str) -> float:
        """Seconds to expect; 0 for a step that nothing is known of."""
        return self._read().get(key, self._first_run.get(key, 0.0))

    def record(self, key: str, seconds: float) -> None:
        """Keep a step's duration for the next run."""
        with self._guard:
            values = self._read() | {key: round(seconds, 2)}
            self._file.parent.mkdir(parents=True, exist_ok=True)
            partial = self._file.with_suffix(".partial")
            partial.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n")
            partial.replace(self._file)

    def _read(self) -> dict[str, float]:
        try:
            stored = json.loads(self._file.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return {str(key): float(value) for key, value in stored.items()}


def remaining_seconds(elapsed: float, expected: float, fraction: float | None) -> float:
    """What is left of a step: by its own rate once that says something, else by what was expected."""
    if fraction is not None and fraction >= _MIN_FRACTION:
        return max(0.0, elapsed * (1 - fraction) / fraction)
    return max(0.0, expected - elapsed)


def short_duration(seconds: float) -> str:
    """ "45s", "3m05s", "1h02m"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


class Step:
    """A running step; `update` may be called as often as wanted, from any thread."""

    def __init__(self, progress: "Progress", planned: Planned, number: int, expected: float) -> None:
        self.planned = planned
        self.number = number
        self.expected = expected
        self.began = time.monotonic()
        self.detail = ""
        self.fraction: float | None = None
        self._progress = progress

    def update(self, detail: str, fraction: float | None = None) -> None:
        """Tell what is being done, and the share that is done (0 to 1; None: unknown)."""
        self.detail, self.fraction = detail, fraction
        self._progress.changed(self)

    def warn(self, text: str) -> None:
        """Tell what the user should read, at once and to stay."""
        self._progress.warn(text)

    @property
    def elapsed(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self.began

    @property
    def remaining(self) -> float:
        """Seconds that are probably left."""
        return remaining_seconds(self.elapsed, self.expected, self.fraction)

    def line(self) -> str:
        """The step in one line."""
        left = f", about {short_duration(self.remaining)} left" if self.remaining >= 1 else ""
        return f"{self.planned.name}: {self.detail or self.planned.title} ({short_duration(self.elapsed)}{left})"


class Progress:
    """Prints the steps of a run as they begin, go on and end."""

    def __init__(self, console: Console, plan: Sequence[Planned], durations: Durations) -> None:
        self._console = console
        self._plan = list(plan)
        self._durations = durations
        self._waiting = {planned.name for planned in plan}
        self._running: list[Step] = []
        self._guard = threading.RLock()
        self._last_line: dict[str, float] = {}
        self._status = console.status("") if console.is_terminal else None
        self.seconds: dict[str, float] = {}

    @property
    def left_seconds(self) -> float:
        """What is probably left of the run."""
        expected = self._durations.expected
        to_come = sum(
            expected(planned.key) for planned in self._plan if planned.name in self._waiting and not planned.background
        )
        in_front = [step.remaining for step in self._running if not step.planned.background]
        beside = max((step.remaining for step in self._running if step.planned.background), default=0.0)
        return max(to_come + sum(in_front), beside)

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Run a planned step; its duration is kept when it succeeds."""
        planned = next(planned for planned in self._plan if planned.name == name)
        with self._guard:
            self._waiting.discard(name)
            expected = self._durations.expected(planned.key)
            step = Step(self, planned, self._plan.index(planned) + 1, expected)
            self._running.append(step)
            usual = f", usually {short_duration(expected)}" if expected >= 1 else ""
            left = f"; {short_duration(self.left_seconds)} left in all" if self.left_seconds >= 1 else ""
            self._print(f"[{step.number}/{len(self._plan)}] {name}: {planned.title}{usual}{left}")
        try:
            yield step
        except BaseException:
            with self._guard:
                self._finish(step)
                self._print(f"[{step.number}/{len(self._plan)}] {name}: stopped after {short_duration(step.elapsed)}")
            raise
        with self._guard:
            self._finish(step)
            self.seconds[name] = step.elapsed
            self._durations.record(planned.key, step.elapsed)
            detail = f" ({step.detail})" if step.detail else ""
            self._print(f"[{step.number}/{len(self._plan)}] {name}: done in {short_duration(step.elapsed)}{detail}")

    def changed(self, step: Step) -> None:
        """Show a step's news, unless something was shown a moment ago."""
        with self._guard:
            interval = _REDRAW_SECONDS if self._status else _LINE_INTERVAL_SECONDS
            last = self._last_line.get(step.planned.name, step.began if not self._status else 0.0)
            if time.monotonic() - last < interval:
                return
            self._last_line[step.planned.name] = time.monotonic()
            if self._status:
                self._status.update(" | ".join(running.line() for running in self._running))
                self._status.start()
            else:
                self._print(f"      {step.line()}")

    def warn(self, text: str) -> None:
        """Print a line that stays, whatever else is shown."""
        with self._guard:
            self._print(f"      warning: {text}")

    def _finish(self, step: Step) -> None:
        self._running.remove(step)
        if self._status and not self._running:
            self._status.stop()

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)
        with contextlib.suppress(AttributeError):
            self._console.file.flush()
