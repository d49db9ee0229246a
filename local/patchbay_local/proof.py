"""The scaling proof and the benchmark, run against this environment as they are against any other."""

import sys
from pathlib import Path
from typing import Final

from patchbay_local import paths
from patchbay_local.commands import run_in_front
from patchbay_local.edge import edge
from patchbay_local.stack import pulumi

REPORTS: Final = paths.REPORTS / "scaling"
LATEST: Final = REPORTS / "latest"


class UnusableEnvironmentError(RuntimeError):
    """The load test could not judge: the environment does not answer as it should."""


def run(*, hpa_sync_seconds: float, short: bool = False, repeat: int = 0, reports: Path = REPORTS) -> bool:
    """Drive the flow and watch the pods; whether the promise holds."""
    options = ["--report", str(reports), "--hpa-sync-seconds", str(hpa_sync_seconds), "--repeat", str(repeat)]
    code = _load_test("prove", *options, *(["--short"] if short else []))
    if code not in {0, 1}:
        raise UnusableEnvironmentError(f"the scaling proof ended with code {code}; its reason is above")
    return code == 0


def bench(arguments: list[str]) -> int:
    """Measure processes per second and latencies; the load test's exit code."""
    return _load_test("bench", *arguments)


def _load_test(verb: str, *options: str) -> int:
    command = [sys.executable, "-m", "patchbay_loadtests", verb]
    target = ["--host", edge.URL, "--kubeconfig", str(paths.KUBECONFIG)]
    return run_in_front([*command, *target, *options], cwd=paths.REPOSITORY, env=pulumi.variables())
