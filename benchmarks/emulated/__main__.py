"""Deploys staging's AWS with one to ten clusters, side by side in one run, and prints a table.

Both ways to keep the engine's state are measured: at the end of the update, as an emulated account is deployed, and
after each step, as an environment is that a killed update must not lose.
"""

import copy
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from patchbay_local.deploy.emulation import Emulation
from patchbay_local.deploy.stack_config import StackConfig
from patchbay_local.machine import paths
from patchbay_local.machine.journal import open_journal
from patchbay_local.machine.single_run import only_one
from rich.console import Console
from rich.table import Table

CLUSTERS: Final = (1, 2, 4, 7, 10)
# Each checkpoint is the whole state: ten clusters with one for each step take as long as everything else together.
CHECKPOINTED: Final = (1, 2, 4)
_STACK: Final = "benchmark"
_PREVIEWS: Final = 3


@dataclass(frozen=True)
class Row:
    """Seconds; of previews the quickest, as the machine's other work only ever adds."""

    clusters: int
    resources: int
    up: float
    checkpointed_up: float | None
    preview: float
    preview_without_policies: float


def config(clusters: int) -> StackConfig:
    """Staging with this many clusters, which are alike but for their tenants."""
    content = copy.deepcopy(StackConfig.read("staging").content)
    infra: dict[str, Any] = content["config"]["patchbay:infra"]
    (template,) = infra["clusters"].values()
    infra["clusters"] = {f"cell-{number}": {**template, "tenants": [f"tenant-{number}"]} for number in range(clusters)}
    infra["edge"]["defaultCluster"] = "cell-0"
    return StackConfig(_STACK, content)


def measure(console: Console, clusters: int) -> Row:
    """An update from nothing, then previews that change nothing."""
    checkpointed = _up(console, clusters, checkpoints=True) if clusters in CHECKPOINTED else None
    journal = open_journal()
    emulation = Emulation.of(config(clusters))
    try:
        up = _up(console, clusters, checkpoints=False)
        emulation.start(journal)
        stack = emulation.stack
        # In turn, so that both meet the same of the machine's other work.
        previews = [
            (
                _seconds(lambda: stack.preview("--expect-no-changes")),
                _seconds(lambda: stack.command("preview", "--expect-no-changes", keep=True)),
            )
            for _ in range(_PREVIEWS)
        ]
        state = json.loads(stack.backend.stack_file(_STACK).read_text())
        resources = len(state["checkpoint"]["latest"]["resources"])
    finally:
        emulation.forget(journal)
    preview, bare = (min(seconds) for seconds in zip(*previews, strict=True))
    return Row(clusters, resources, up, checkpointed, preview, bare)


def _up(console: Console, clusters: int, *, checkpoints: bool) -> float:
    """Seconds of an update in an account that was empty."""
    journal = open_journal()
    emulation = Emulation.of(config(clusters))
    emulation.forget(journal)
    emulation.start(journal)
    emulation.stack.prepare()
    taken = _seconds(lambda: emulation.stack.up(lambda *_: None, checkpoints=checkpoints))
    how = "after each step" if checkpoints else "at the end"
    console.print(f"{clusters} clusters, state kept {how}: up {taken:.1f} s")
    return taken


def main() -> None:
    """Measure and print; the numbers go to a file as well."""
    console = Console(highlight=False)
    with only_one("benchmarks.emulated"):
        rows = [measure(console, clusters) for clusters in CLUSTERS]
    table = Table(
        "clusters", "resources", "up", "per 100", "checkpointed", "per 100", "preview", "per 100", "bare", "policies"
    )
    for row in rows:
        hundreds = row.resources / 100
        added = row.preview / row.preview_without_policies - 1
        table.add_row(
            str(row.clusters),
            str(row.resources),
            f"{row.up:.1f} s",
            f"{row.up / hundreds:.1f} s",
            f"{row.checkpointed_up:.1f} s" if row.checkpointed_up else "",
            f"{row.checkpointed_up / hundreds:.1f} s" if row.checkpointed_up else "",
            f"{row.preview:.1f} s",
            f"{row.preview / hundreds:.1f} s",
            f"{row.preview_without_policies:.1f} s",
            f"+{added:.0%}",
        )
    console.print(table)
    file = paths.REPORTS / "emulated" / "growth.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps([vars(row) for row in rows], indent=2) + "\n")
    console.print(f"written to {file}")


def _seconds(action: Callable[[], object]) -> float:
    began = time.monotonic()
    action()
    return time.monotonic() - began


if __name__ == "__main__":
    main()
