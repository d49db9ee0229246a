"""Faults on purpose on this environment, run as a program of its own."""

import sys
from collections.abc import Sequence
from typing import Final

from patchbay_local import paths
from patchbay_local.commands import run_in_front
from patchbay_local.stack import pulumi

REPORTS: Final = paths.REPORTS / "faults"


def run(arguments: Sequence[str]) -> int:
    """Let things go wrong under load and judge what became of the runs; the program's exit code."""
    command = [sys.executable, "-m", "patchbay_faults", "run", "--report", str(REPORTS), *arguments]
    return run_in_front(command, cwd=paths.REPOSITORY, env=pulumi.variables())
