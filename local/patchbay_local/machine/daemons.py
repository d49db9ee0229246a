"""Daemons that outlive the command that started them, each with a log and a record of its pid."""

import hashlib
import json
import os
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from patchbay_local.machine.changes import Process
from patchbay_local.machine.daemon_record import DaemonRecord
from patchbay_local.machine.files import write_if_changed
from patchbay_local.machine.journal import Journal
from patchbay_local.machine.processes import TOKEN_VARIABLE, ProcessId, wait_for_token
from patchbay_local.machine.programs import HostError

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Moves itself into its control groups, so that no child can be started outside of them.
_ENTER_GROUPS = 'while [ "$1" != -- ]; do echo 0 > "$1"; shift; done; shift; exec "$@"'


class Daemon(BaseModel):
    """A program to keep running; a daemon whose definition differs from the running one is restarted."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    argv: tuple[str, ...]
    environment: Mapping[str, str] = {}
    directory: Path = Path("/")
    cgroup_files: tuple[Path, ...] = ()
    stop_grace_seconds: float = 3
    # Digests of files that the program reads only at its start.
    inputs: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(
            json.dumps(self.model_dump(mode="json", exclude={"stop_grace_seconds"}), sort_keys=True).encode()
        ).hexdigest()


class DaemonStatus(BaseModel):
    """`pid` is None where it does not run."""

    model_config = ConfigDict(frozen=True)

    name: str
    pid: int | None
    log: Path


class Supervisor:
    """Starts and stops the daemons of one scope; state is on disk, so any later command finds them."""

    def __init__(self, *, run: Path, logs: Path, journal: Journal, scope: str) -> None:
        self._records = run / "daemons"
        self._logs = logs
        self._journal = journal
        self._scope = scope

    def ensure(self, daemon: Daemon) -> bool:
        """Starts the daemon unless it runs as defined; True if it was started."""
        if self.runs(daemon):
            return False
        self.stop(daemon.name)
        self._start(daemon)
        return True

    def runs(self, daemon: Daemon) -> bool:
        """Whether it runs as defined."""
        record = self._load(daemon.name)
        return record is not None and record.fingerprint == daemon.fingerprint and record.process.is_alive()

    def stop(self, name: str) -> None:
        """Ends the daemon and what it started. Nothing happens where it does not run."""
        for entry in self._journal.pending(self._scope):
            if isinstance(entry.change, Process) and entry.change.name == name:
                self._journal.undo_change(entry.change)

    def process(self, name: str) -> ProcessId | None:
        """The running process of the daemon."""
        record = self._load(name)
        return record.process if record and record.process.is_alive() else None

    def was_started(self, name: str) -> bool:
        """Whether it was started and not stopped since: it runs, or has ended by itself."""
        return self._load(name) is not None

    def status(self, name: str) -> DaemonStatus:
        process = self.process(name)
        return DaemonStatus(name=name, pid=process.pid if process else None, log=self.log(name))

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def last_words(self, name: str, lines: int = 5) -> str:
        """The end of the daemon's log, for error messages."""
        try:
            text = self.log(name).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return "(no log)"
        return "\n".join(text.splitlines()[-lines:])

    def _start(self, daemon: Daemon) -> None:
        self._records.mkdir(parents=True, exist_ok=True)
        self._logs.mkdir(parents=True, exist_ok=True)
        token = uuid.uuid4().hex
        record = self._record_path(daemon.name)
        self._journal.record(
            self._scope,
            Process(name=daemon.name, token=token, grace_seconds=daemon.stop_grace_seconds, record=record),
        )
        argv = list(daemon.argv)
        if daemon.cgroup_files:
            argv = ["/bin/sh", "-ec", _ENTER_GROUPS, "sh", *map(str, daemon.cgroup_files), "--", *argv]
        if self.log(daemon.name).exists():
            # What ended the daemon last time is told there.
            self.log(daemon.name).replace(self._logs / f"{daemon.name}.previous.log")
        log = os.open(self.log(daemon.name), os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o640)
        try:
            child = subprocess.Popen(
                argv,
                cwd=daemon.directory,
                env={"PATH": SYSTEM_PATH, **daemon.environment, TOKEN_VARIABLE: token},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        except OSError as error:
            raise HostError(f"{daemon.name}: cannot start {daemon.argv[0]}: {error.strerror}") from error
        finally:
            os.close(log)
        process = ProcessId.of(child.pid)
        if process is None:
            raise HostError(f"{daemon.name}: ended at once: {self.last_words(daemon.name)}")
        wait_for_token(process, token)
        write_if_changed(record, DaemonRecord(process=process, fingerprint=daemon.fingerprint).model_dump_json())

    def _record_path(self, name: str) -> Path:
        return self._records / f"{name}.json"

    def _load(self, name: str) -> DaemonRecord | None:
        return DaemonRecord.read(self._record_path(name))
