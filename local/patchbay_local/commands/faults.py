"""Faults on purpose on this environment, run as a program of its own."""

import sys
from collections.abc import Sequence
from typing import Final

from patchbay_local.deploy.stack import pulumi
from patchbay_local.machine import paths
from patchbay_local.machine.programs import run_in_front

REPORTS: Final = paths.REPORTS / "faults"


def run(arguments: Sequence[str]) -> int:
    """Let things go wrong under load and judge what became of the runs; the program's exit code."""
    command = [sys.executable, "-m", "patchbay_loadtests", "faults", "run", "--report", str(REPORTS), *arguments]
    return run_in_front(command, cwd=paths.REPOSITORY, env=pulumi.variables())
