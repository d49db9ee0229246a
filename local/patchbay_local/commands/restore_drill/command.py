"""The command, and what it starts: two servers and an emulated account in a directory that goes with it."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil
from patchbay_operations.access import Access
from rich.console import Console
from rich.table import Table

from patchbay_local.commands.restore_drill.drill import Report, drill
from patchbay_local.commands.restore_drill.server import Server, require_programs
from patchbay_local.deploy.emulator import Emulator, client_environment
from patchbay_local.machine import paths
from patchbay_local.machine.daemons import Supervisor
from patchbay_local.machine.files import entries
from patchbay_local.machine.journal import Journal

REPORT: Final = paths.REPORTS / "restore-drill" / "result.json"
_PREFIX: Final = "patchbay-restore-drill-"
_REGION: Final = "eu-central-1"
_ACCOUNT: Final = "111122223333"


def restore_drill(console: Console, *, report: Path = REPORT) -> bool:
    """Whether every promise held. What an earlier drill that was killed has left is ended first."""
    require_programs()
    remove_leftovers()
    with _grounds() as grounds:
        result = grounds.drill(console)
    result.write(report)
    _print(console, result)
    console.print(f"report: {report}", soft_wrap=True)
    return result.passed


def remove_leftovers(parent: Path | None = None) -> None:
    """End and remove what drills of this user have left whose process is gone; others write there, too."""
    for directory in entries(parent or Path(tempfile.gettempdir())):
        pid = directory.name.removeprefix(_PREFIX).partition("-")[0]
        if directory.name.startswith(_PREFIX) and pid.isdigit() and not psutil.pid_exists(int(pid)) and _own(directory):
            Journal(directory / "journal").undo()
            shutil.rmtree(directory)


def _own(directory: Path) -> bool:
    try:
        return not directory.is_symlink() and directory.stat().st_uid == os.getuid()
    except FileNotFoundError:
        return False


class Grounds:
    """Everything that the drill starts lies in one directory, and is known by its journal."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.journal = Journal(directory / "journal")

    def drill(self, console: Console) -> Report:
        """From bare servers to the report."""

        def say(line: str) -> None:
            console.print(line, highlight=False, soft_wrap=True)

        emulator = Emulator(
            "restore-drill",
            _free_port(),
            self.directory / "account",
            _ACCOUNT,
            run=self.directory / "run",
            logs=self.directory / "logs",
        )
        emulator.up(self.journal)
        live = self._server("live")
        live.start()
        access = Access.of_environment(_REGION, client_environment(emulator, _REGION))
        return drill(live, self._server("restored"), access, self.directory, say)

    def _server(self, name: str) -> Server:
        scope = f"mariadb-{name}"
        supervisor = Supervisor(
            run=self.directory / "run", logs=self.directory / "logs", journal=self.journal, scope=scope
        )
        return Server(scope, self.directory / name, supervisor)


@contextmanager
def _grounds() -> Iterator[Grounds]:
    directory = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{psutil.Process().pid}-"))
    grounds = Grounds(directory)
    try:
        yield grounds
    finally:
        grounds.journal.undo()
        shutil.rmtree(directory)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _print(console: Console, report: Report) -> None:
    table = Table("promise", "holds", title="Restore drill", title_justify="left")
    for promise, faults in report.faults.items():
        table.add_row(promise, f"no: {'; '.join(faults)}" if faults else "yes")
    console.print(table)
    console.print(
        f"{report.rows} rows to {report.point}, none lost before it; back in their place after "
        f"{report.recovery_seconds:.1f} s; the other tenant wrote {report.written_meanwhile} rows meanwhile",
        highlight=False,
        soft_wrap=True,
    )
