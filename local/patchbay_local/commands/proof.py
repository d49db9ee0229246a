"""The proofs, loads and the benchmark, run against this environment as they are against any other."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from patchbay_local.commands import administrator
from patchbay_local.commands.sync_period import EKS_FLOOR_SECONDS, put_back_after, set_sync_period
from patchbay_local.deploy.stack import pulumi
from patchbay_local.kubernetes.cluster.spec import ClusterSpec
from patchbay_local.kubernetes.edge import edge
from patchbay_local.machine import paths
from patchbay_local.machine.programs import run as run_command
from patchbay_local.machine.programs import run_in_front

REPORTS: Final = paths.REPORTS / "scaling"
LATEST: Final = REPORTS / "latest"
_PERIOD: Final = "--hpa-sync-seconds"


class UnusableEnvironmentError(RuntimeError):
    """The load test could not judge: the environment does not answer as it should."""


def run(*, hpa_sync_seconds: float, short: bool = False, repeat: int = 0, reports: Path = REPORTS) -> bool:
    """Drive the flow and watch the pods; whether the promise holds."""
    options = ["--report", str(reports), _PERIOD, str(hpa_sync_seconds), "--repeat", str(repeat)]
    code = _load_test("prove", *options, *(["--short"] if short else []))
    if code not in {0, 1}:
        raise UnusableEnvironmentError(f"the scaling proof ended with code {code}; its reason is above")
    return code == 0


def nodes(console: Console, arguments: Sequence[str]) -> int:
    """Prove that nodes follow pods, with the headroom and without; the load test's exit code."""
    options = ["--report", str(paths.REPORTS / "nodes"), *_own_period(console, arguments)]
    return _load_test("prove-nodes", *options, "--without-headroom", *arguments)


def load(console: Console, arguments: Sequence[str]) -> int:
    """Send a profile's load; the load test's exit code."""
    options = ["--report", str(paths.REPORTS / "load"), *_own_period(console, arguments)]
    return _load_test("load", *options, *arguments)


def compare(console: Console, arguments: Sequence[str]) -> int:
    """Send the same load, scaled as here and by the tools' defaults, in turn; the load test's exit code.

    Meanwhile the HPA looks as often as EKS offers at the most.
    """
    _leave_the_period(arguments)
    options = ["--report", str(paths.REPORTS / "comparison"), _PERIOD, str(EKS_FLOOR_SECONDS)]
    with put_back_after(console):
        set_sync_period(console, EKS_FLOOR_SECONDS)
        return _load_test("compare", *options, *arguments)


def bench(arguments: Sequence[str]) -> int:
    """Measure processes per second and latencies; the load test's exit code."""
    return _load_test("bench", *arguments)


def put_back() -> None:
    """Undo what a load test that was killed left changed, before the stack is updated over it."""
    command = [
        sys.executable,
        "-m",
        "patchbay_loadtests",
        "put-back",
        "--kubeconfig",
        str(paths.KUBECONFIG),
        "--faults",
    ]
    run_command(command, cwd=paths.REPOSITORY, env=pulumi.variables())


def _own_period(console: Console, arguments: Sequence[str]) -> list[str]:
    """The option that names this cluster's own period, which a comparison that was killed leaves changed."""
    _leave_the_period(arguments)
    own = ClusterSpec().hpa_sync_seconds
    set_sync_period(console, own)
    return [_PERIOD, str(own)]


def _leave_the_period(arguments: Sequence[str]) -> None:
    """RuntimeError where the arguments claim another HPA sync period than the one that is set here."""
    if any(argument.split("=")[0] == _PERIOD for argument in arguments):
        raise RuntimeError(f"{_PERIOD} is set by this command, which knows the cluster's: leave it out")


def _load_test(verb: str, *options: str) -> int:
    command = [sys.executable, "-m", "patchbay_loadtests", verb]
    target = ["--host", edge.URL, "--kubeconfig", str(paths.KUBECONFIG)]
    variables = {**pulumi.variables(), **administrator.variables()}
    return run_in_front([*command, *target, *options], cwd=paths.REPOSITORY, env=variables)
