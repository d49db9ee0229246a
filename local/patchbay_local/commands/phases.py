"""Every test in two runs of pytest: what may run side by side first, then what needs the machine for itself."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console

from patchbay_local.build import own_environments
from patchbay_local.commands import phase_report as report
from patchbay_local.commands.phase_results import Outcome, read
from patchbay_local.commands.tree import Tree
from patchbay_local.deploy import environments
from patchbay_local.machine import paths
from patchbay_local.machine.files import entries
from patchbay_local.machine.programs import run_in_front

REPORTS: Final = paths.REPORTS / "tests"
_FAILED: Final = 1  # pytest's exit codes: a test failed; nothing was selected
_NO_TESTS: Final = 5
_BY_DEFAULT: Final = frozenset({"long", "cluster_lifecycle"})  # the marks that pyproject.toml leaves out
# An empty one is as good as none. What a shell has set for other runs must not choose among the tests of this one.
# Without byte code, each of pytest's processes compiles every test anew.
_NOT_INHERITED: Final = {"PYTEST_ADDOPTS": "", "PYTEST_PLUGINS": "", "PYTHONDONTWRITEBYTECODE": ""}
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
    """More workers than cores: every other test waits for a server or a deadline."""
    return Phase("parallel", min((os.cpu_count() or 1) + 2, _MOST_WORKERS)), Phase("alone", 0)


def _pytest(command: Sequence[str]) -> int:
    return run_in_front(command, cwd=paths.REPOSITORY, env={**environments.variables(), **_NOT_INHERITED})


def run_tests(
    console: Console,
    arguments: Sequence[str],
    *,
    reports: Path = REPORTS,
    all_but: str = "",
    execute: Callable[[Sequence[str]], int] = _pytest,
    now: Callable[[], Tree] = Tree.of,
) -> int:
    """Run both phases, the second also after a failure of the first; pytest's exit code, the worse of the two.

    `all_but`: the arguments are there to run every test but those with this mark; it fails where they do not.
    `now` tells the tree, for the reports.
    """
    # First of all: where this run is killed, what an earlier one found must not be taken for what it found.
    _remove_reports(reports)
    for environment in own_environments.ALL:
        environment.install()
    reports.mkdir(parents=True, exist_ok=True)
    first, begin, began = _tree(now), datetime.now(UTC), time.monotonic()
    outcomes = []
    for phase in phases():
        phase_began = time.monotonic()
        code = execute(phase.command(reports, arguments))
        outcomes.append(read(phase.name, code, time.monotonic() - phase_began, reports))
    seconds = time.monotonic() - began
    report.write(reports, outcomes, seconds, report.Run(arguments, begin, datetime.now(UTC), first, _tree(now)))
    console.print(f"reports:    {reports / 'summary.md'}", soft_wrap=True)
    # With arguments of the caller's own, tests are meant to be left out.
    missing = [] if arguments and not all_but else _missing(outcomes, {all_but} if all_but else _BY_DEFAULT)
    for what in missing:
        console.print(f"error: {what}", soft_wrap=True, markup=False)
    console.print(report.closing_line(outcomes, seconds), soft_wrap=True, markup=False)
    return exit_code(outcomes) or (_FAILED if missing else 0)


def _remove_reports(reports: Path) -> None:
    """Of every phase; the directory has records of others too."""
    stems = {*(phase.name for phase in phases()), *report.STEMS}
    for file in entries(reports):
        if file.is_file() and file.name.split(".")[0] in stems:
            file.unlink(missing_ok=True)


def _tree(now: Callable[[], Tree]) -> Tree | None:
    """None where git does not know: tests run from a plain copy too."""
    try:
        return now()
    except RuntimeError:
        return None


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """The first that says of a failure; where no phase had a test to run, pytest's code for that."""
    codes = [_exit_code(outcome) for outcome in outcomes]
    if set(codes) == {_NO_TESTS}:
        return _NO_TESTS
    return next((code for code in codes if code not in {0, _NO_TESTS}), 0)


def _exit_code(outcome: Outcome) -> int:
    """Not pytest's alone: a test can end the whole process with 0."""
    if outcome.exit_code not in {0, _NO_TESTS}:
        return outcome.exit_code
    if outcome.counts["failed"] or outcome.counts["error"]:
        return _FAILED
    return 0 if outcome.cases else _NO_TESTS


def _missing(outcomes: Sequence[Outcome], may_be_left_out: AbstractSet[str]) -> list[str]:
    """What shows that not every test ran."""
    found = [f"phase {one.phase}: no test ran" for one in outcomes if one.reported and not one.cases]
    for one in outcomes:
        others = [test for test, marks in one.left_out.items() if not may_be_left_out & set(marks)]
        if others:
            more = f" and {len(others) - 1} more" if len(others) > 1 else ""
            found.append(f"phase {one.phase}: left out though it should run: {others[0]}{more}")
    return found
