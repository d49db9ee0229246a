"""Deploys staging's AWS with one to ten clusters, side by side in one run, and prints a table."""

import copy
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from patchbay_local import paths
from patchbay_local.emulation.config import StackConfig
from patchbay_local.emulation.emulation import Emulation
from patchbay_local.journal import open_journal
from patchbay_local.single_run import only_one
from rich.console import Console
from rich.table import Table

CLUSTERS: Final = (1, 2, 4, 7, 10)
_STACK: Final = "benchmark"
_PREVIEWS: Final = 3


@dataclass(frozen=True)
class Row:
    """Seconds; of previews the quickest, as the machine's other work only ever adds."""

    clusters: int
    resources: int
    up: float
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
    journal = open_journal()
    emulation = Emulation.of(config(clusters))
    emulation.forget(journal)
    try:
        emulation.start(journal)
        stack = emulation.stack
        stack.prepare()
        up = _seconds(lambda: stack.up(lambda *_: None))
        console.print(f"{clusters} clusters: up {up:.1f} s", highlight=False)
        preview = min(_seconds(lambda: stack.preview("--expect-no-changes")) for _ in range(_PREVIEWS))
        bare = min(
            _seconds(lambda: stack.command("preview", "--expect-no-changes", keep=True)) for _ in range(_PREVIEWS)
        )
        state = json.loads(stack.backend.stack_file(_STACK).read_text())
        resources = len(state["checkpoint"]["latest"]["resources"])
    finally:
        emulation.forget(journal)
    return Row(clusters, resources, up, preview, bare)


def main() -> None:
    """Measure and print; the numbers go to a file as well."""
    console = Console(highlight=False)
    with only_one("benchmarks.emulated"):
        rows = [measure(console, clusters) for clusters in CLUSTERS]
    table = Table("clusters", "resources", "up", "per 100", "preview", "per 100", "without policies", "policies add")
    for row in rows:
        hundreds = row.resources / 100
        added = row.preview / row.preview_without_policies - 1
        table.add_row(
            str(row.clusters),
            str(row.resources),
            f"{row.up:.1f} s",
            f"{row.up / hundreds:.1f} s",
            f"{row.preview:.1f} s",
            f"{row.preview / hundreds:.1f} s",
            f"{row.preview_without_policies:.1f} s",
            f"{added:.0%}",
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
