"""What the terminal shows of a node proof."""

import time

from rich.console import Console
from rich.table import Table

from patchbay_loadtests.core.console import QUIET_SECONDS
from patchbay_loadtests.core.messages import tell
from patchbay_loadtests.nodes.legs import IN_LEGS, OUT_LEGS
from patchbay_loadtests.nodes.result import NodeResult
from patchbay_loadtests.nodes.timeline import Look, PhaseName
from patchbay_loadtests.proof.timeline import Sample


class NodeProgress:
    """One line for each change that a phase shows."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: tuple[object, ...] = ()
        self._shown_at = 0.0

    def __call__(self, name: PhaseName, what: str, sample: Sample, look: Look) -> None:
        pods = sample.steered
        state = (name, what, sample.processes, pods, look.nodes, look.ready, look.pending, look.placeholders)
        now = time.monotonic()
        if state == self._shown and now - self._shown_at < QUIET_SECONDS:
            return
        self._shown, self._shown_at = state, now
        self._console.print(
            f"{sample.at:6.1f} s  {name}, until {what}   processes {sample.processes:>3}   "
            f"pods ready {pods.ready}/{pods.replicas} of {pods.desired}   pending {look.pending}   "
            f"nodes ready {look.ready}/{look.nodes}   placeholders {look.placeholders}",
            highlight=False,
        )


def print_node_verdict(console: Console, result: NodeResult) -> None:
    """The figures, the legs of the slowest pod and node of each phase, then the verdict."""
    table = Table(title="Nodes follow pods" if result.passed else "Nodes do not follow pods")
    for heading in ("figure", "first", "median", "slowest", "limit", "by warm"):
        table.add_column(heading, justify="left" if heading == "figure" else "right")
    for figure in result.figures:
        table.add_row(
            figure.name,
            f"{figure.first:.1f}",
            f"{figure.median:.1f}",
            f"{figure.seconds:.1f}",
            "-" if figure.limit is None else f"{figure.limit:.1f}",
            "-" if figure.ratio is None else f"{figure.ratio:.2f}",
        )
    console.print(table)
    for phase in result.phases:
        for title, names, found in (
            ("slowest pod on a new node", OUT_LEGS, [out.legs for out in phase.scale_outs]),
            ("node given back", IN_LEGS, [scale_in.legs for scale_in in phase.scale_ins]),
        ):
            if found:
                legs = ", ".join(f"{name} {found[-1][name]:.1f} s" for name in names)
                console.print(f"{phase.name}, {title}: {legs}", highlight=False)
    runs = result.runs
    console.print(
        f"runs: {runs.accepted} accepted, {runs.completed} completed exactly once, "
        f"{runs.lost} lost, {runs.duplicated} duplicated",
        highlight=False,
    )
    for reason in result.reasons:
        tell(console, "x", reason)
