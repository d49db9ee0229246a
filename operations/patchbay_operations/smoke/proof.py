"""The scaling proof against the environment, as docs/scaling-proof.md runs it."""

import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from patchbay_operations.smoke.child import ChildError, Within, run_child
from patchbay_operations.smoke.stack_file import Stack

# The load test's tenant; the edge leads a name that it does not know to the default cluster.
_NAME: Final = "loadtest"


def kubeconfig_command(outputs: Mapping[str, Any], cluster: str, file: Path) -> list[str]:
    """The environment's own command, which writes into `file` and calls the context by the cluster's key."""
    try:
        command = str(outputs["kubeconfigCommands"][cluster])
    except (KeyError, TypeError):
        raise ChildError(f"the stack's output kubeconfigCommands has no {cluster}: was it deployed?") from None
    words = shlex.split(command)
    # The state is written by others as well, and this runs with an administrator's rights.
    if words[:3] != ["aws", "eks", "update-kubeconfig"]:
        raise ChildError(f"the stack's output kubeconfigCommands.{cluster} is no `aws eks update-kubeconfig`")
    return [*words, "--kubeconfig", str(file), "--alias", cluster]


def proof_command(stack: Stack, kubeconfig: Path, *, report: Path, short: bool) -> list[str]:
    """`python -m patchbay_loadtests prove` with the stack's own periods."""
    cluster = stack.default_cluster
    return [
        *(sys.executable, "-m", "patchbay_loadtests", "prove"),
        *("--host", f"https://{_NAME}.{stack.infra.edge.domain}", "--allow-remote-host"),
        *("--kubeconfig", str(kubeconfig), "--context", cluster, "--key-from-cluster"),
        *("--hpa-sync-seconds", f"{stack.infra.clusters[cluster].hpa_sync_seconds:g}"),
        # One second more: the period of the HPA's policy for pods to go.
        *("--scale-down-seconds", f"{stack.platform.scaling.scale_down_seconds + 1:g}"),
        *("--report", str(report / "proof"), "--junit", str(report / "proof.xml")),
        *(("--short",) if short else ()),
    ]


def prove(
    stack: Stack,
    outputs: Mapping[str, Any],
    within: Within,
    *,
    report: Path,
    short: bool,
    on_line: Callable[[str], None],
) -> None:
    """ChildError where the promise does not hold, or could not be tested."""
    with tempfile.TemporaryDirectory() as directory:
        kubeconfig = Path(directory, "kubeconfig")
        commands = (
            kubeconfig_command(outputs, stack.default_cluster, kubeconfig),
            proof_command(stack, kubeconfig, report=report, short=short),
        )
        for command in commands:
            run_child(
                command,
                within=within,
                directory=stack.file.resolve().parent,
                environment=os.environ,
                log=report / "proof.log",
                on_line=on_line,
            )
