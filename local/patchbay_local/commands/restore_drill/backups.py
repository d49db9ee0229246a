"""A base copy and the binary logs since: what RDS keeps of an instance, and how it restores from that."""

import datetime
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from patchbay_operations.restore.database import Database
from patchbay_operations.restore.fingerprint import schemas
from patchbay_operations.restore.rds import RdsBackups

from patchbay_local.commands.restore_drill.server import Server
from patchbay_local.machine.files import entries
from patchbay_local.machine.programs import run

_POSITION: Final = re.compile(r"MASTER_LOG_FILE='([^']+)', MASTER_LOG_POS=(\d+)")
_LOG: Final = re.compile(r"log\.\d")
_HEAD_BYTES: Final = 65536


@dataclass(frozen=True)
class Base:
    """`position`: of the moment of the copy, in the log `log`."""

    file: Path
    log: str
    position: int


def take_base(live: Server, file: Path) -> Base:
    """All schemas but the server's own, at one moment."""
    live.database.dump(["--master-data=2", "--databases", *schemas(live.database)], file)
    with file.open("rb") as content:
        found = _POSITION.search(content.read(_HEAD_BYTES).decode(errors="replace"))
    if found is None:
        raise RuntimeError(f"{file}: tells no position in the binary log")
    return Base(file, found[1], int(found[2]))


@dataclass(frozen=True)
class DrillBackups:
    """RDS' interface answers as the emulated account's; the data come from a base copy and the binary logs."""

    rds: RdsBackups
    live: Server
    base: Base
    copy: Server

    @contextmanager
    def restored(self, point: datetime.datetime) -> Iterator[Database]:
        """Of the second before `point`: what was begun in it is not in it, as of RDS, whose times are of seconds."""
        with self.rds.restored(point):
            self.copy.start()
            try:
                self.copy.database.load(self.base.file)
                changes = self.copy.directory / "changes.sql"
                run(self._replay(point, changes), env={"TZ": "UTC"})
                self.copy.database.load(changes)
                yield self.copy.database
            finally:
                self.copy.stop()

    def _replay(self, point: datetime.datetime, target: Path) -> list[str | Path]:
        """From the copy's position through all later logs; the first event of `point` or later ends it."""
        until = point.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
        logs = [path for path in entries(self.live.data) if _LOG.match(path.name) and path.name >= self.base.log]
        options = ["--no-defaults", "--disable-log-bin", f"--start-position={self.base.position}"]
        return ["mariadb-binlog", *options, f"--stop-datetime={until}", f"--result-file={target}", *logs]
