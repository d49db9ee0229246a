"""What faults change of this machine itself, and how it is put back."""

import signal
import uuid
from abc import abstractmethod
from pathlib import Path
from typing import Self

from patchbay_local.machine.processes import ProcessId
from rich.console import Console

from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.restoration import LEFTOVER_PATIENCE_SECONDS, Entry, Undo, put_back_patiently
from patchbay_loadtests.faults.machine import nodes


class _OfThisMachine(Undo):
    """Kept in mind by a file, because no object of the cluster stands for it."""

    record: Path

    async def keep(self, cluster: Cluster) -> Self:  # noqa: ARG002 - not the cluster's
        self.record.parent.mkdir(parents=True, exist_ok=True)
        partial = self.record.with_suffix(".partial")
        partial.write_text(Entry.of(self).model_dump_json(), encoding="utf-8")
        partial.replace(self.record)
        return self

    async def put_back(self, cluster: Cluster) -> None:  # noqa: ARG002 - not the cluster's
        self.undo()
        self.record.unlink(missing_ok=True)

    @abstractmethod
    def undo(self) -> None:
        """Make it as it was."""


class Stopped(_OfThisMachine):
    """A process that was sent SIGSTOP."""

    process: ProcessId

    @property
    def what(self) -> str:
        return f"process {self.process.pid}"

    def undo(self) -> None:
        self.process.send(signal.SIGCONT)


class Filled(_OfThisMachine):
    """A node whose disk was filled. It has that disk for as long as it lives."""

    node: str

    @property
    def what(self) -> str:
        return f"the disk of node {self.node}"

    def undo(self) -> None:
        if nodes.lives(self.node):
            nodes.ballast(self.node).unlink(missing_ok=True)


def new_record(state: Path) -> Path:
    """A file below the state's directory that nothing else uses."""
    return state / "leftovers" / f"{uuid.uuid4().hex}.json"


def leftovers(state: Path) -> list[Undo]:
    """What runs left that were killed."""
    files = sorted((state / "leftovers").glob("*.json"))
    return [Entry.model_validate_json(file.read_text(encoding="utf-8")).read() for file in files]


async def undo_leftovers(cluster: Cluster, console: Console, state: Path) -> None:
    """Put back what killed runs left of this machine; before the cluster, whose API server may be what is stopped."""
    for undo in leftovers(state):
        await put_back_patiently(cluster, undo, LEFTOVER_PATIENCE_SECONDS)
        console.print(f"put back what a run that was killed had changed: {undo.what}", highlight=False)
