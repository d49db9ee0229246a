"""A MariaDB of the drill's own, from Debian's package: reached by its socket alone, gone with its directory."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from patchbay_operations.restore.database import Database

from patchbay_local.machine.daemons import Daemon, Supervisor
from patchbay_local.machine.programs import HostError, run

_START_SECONDS: Final = 120.0
_PROGRAMS: Final = ("mariadbd", "mariadb-install-db", "mariadb", "mariadb-dump", "mariadb-binlog")
# Events become due for a restore by the second, and nothing else is to be shared with a server of this machine.
_OPTIONS: Final = (
    "--no-defaults",
    "--user=root",
    "--skip-networking",
    "--character-set-server=utf8mb4",
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=16M",
    "--log-bin=log",
    "--binlog-format=ROW",
    "--sync-binlog=1",
)


def require_programs() -> None:
    """HostError where Debian's packages are not there."""
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if missing:
        raise HostError(f"{', '.join(missing)}: not on the PATH; install mariadb-server and mariadb-client")


@dataclass(frozen=True)
class Server:
    """`name`: of its daemon. Its data lie in `directory`."""

    name: str
    directory: Path
    supervisor: Supervisor

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def database(self) -> Database:
        """Entered as its administrator, by whoever may read the directory."""
        return Database("root", socket=self.directory / "socket")

    def start(self) -> None:
        """With no schema but its own; returns once it answers. HostError."""
        self.directory.mkdir(mode=0o700, parents=True)
        # A server that starts removes whatever looks like a temporary table there: in /tmp those of the machine's own.
        temporary = self.directory / "tmp"
        temporary.mkdir()
        directories = (f"--datadir={self.data}", f"--tmpdir={temporary}")
        made = ("--no-defaults", "--user=root", "--skip-test-db", "--auth-root-authentication-method=normal")
        run(["mariadb-install-db", *made, *directories, "--innodb-log-file-size=16M"])
        arguments = (*directories, f"--socket={self.directory / 'socket'}", "--server-id=1")
        program = shutil.which("mariadbd") or "mariadbd"
        self.supervisor.ensure(Daemon(name=self.name, argv=(program, *_OPTIONS, *arguments), stop_grace_seconds=30))
        deadline = time.monotonic() + _START_SECONDS
        while not self.database.answers():
            if self.supervisor.process(self.name) is None or time.monotonic() > deadline:
                raise HostError(f"{self.name} did not start: {self.supervisor.last_words(self.name)}")
            time.sleep(0.05)

    def stop(self) -> None:
        """And remove its data."""
        self.supervisor.stop(self.name)
        shutil.rmtree(self.directory)
