"""Every test in two runs of pytest: what may run side by side first, then what needs the machine for itself."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from patchbay_local.build import checkov
from patchbay_local.commands import phase_report as report
from patchbay_local.commands.phase_results import Outcome, read
from patchbay_local.deploy import environments
from patchbay_local.machine import paths
from patchbay_local.machine.files import entries
from patchbay_local.machine.programs import run_in_front

REPORTS: Final = paths.REPORTS / "tests"
_NO_TESTS: Final = 5  # pytest's exit code where nothing was selected
_MOST_WORKERS: Final = 8  # each takes some 400 MiB


@dataclass(frozen=True)
class Phase:
    """One run of pytest. `workers` 0: in one process."""

    name: str
    workers: int

    def command(self, reports: Path, arguments: Sequence[str]) -> list[str]:
        """Last what the phase insists on: an argument of the caller's must not undo it."""
        own = [
            f"--phase={self.name}",
            f"--junitxml={reports / self.name}.xml",
            f"--left-out={reports / self.name}.json",
        ]
        spread = ["-n", str(self.workers)]
        order = [*spread, *arguments] if self.workers else [*arguments, *spread]
        return [sys.executable, "-m", "pytest", *order, *own]


def phases() -> tuple[Phase, ...]:
    """More workers than cores: many tests wait for a server or a deadline."""
    return Phase("parallel", min((os.cpu_count() or 1) + 1, _MOST_WORKERS)), Phase("alone", 0)


def _pytest(command: Sequence[str]) -> int:
    return run_in_front(command, cwd=paths.REPOSITORY, env=environments.variables())


def run_tests(
    console: Console,
    arguments: Sequence[str],
    *,
    reports: Path = REPORTS,
    execute: Callable[[Sequence[str]], int] = _pytest,
) -> int:
    """Run both phases, the second also after a failure of the first; pytest's exit code, the worse of the two."""
    checkov.install()
    reports.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    outcomes = []
    for phase in phases():
        for stale in entries(reports):
            if stale.name.startswith(f"{phase.name}."):
                stale.unlink(missing_ok=True)
        phase_began = time.monotonic()
        code = execute(phase.command(reports, arguments))
        outcomes.append(read(phase.name, code, time.monotonic() - phase_began, reports))
    seconds = time.monotonic() - began
    report.write(reports, outcomes, seconds, arguments)
    console.print(f"reports:    {reports / 'summary.md'}", soft_wrap=True)
    console.print(report.closing_line(outcomes, seconds), soft_wrap=True, markup=False)
    return exit_code(outcomes)


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """The first that says of a failure; where no phase had a test to run, pytest's code for that."""
    codes = [outcome.exit_code for outcome in outcomes]
    if set(codes) == {_NO_TESTS}:
        return _NO_TESTS
    return next((code for code in codes if code not in {0, _NO_TESTS}), 0)
