"""What was changed on this host and not yet put back, written down before each change."""

import fcntl
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from patchbay_local.machine import paths
from patchbay_local.machine.changes import SYSCTL_ROOT, Change, Process, Sysctl
from patchbay_local.machine.files import write_if_changed
from patchbay_local.machine.programs import HostError

_COMPACT_BYTES = 256 * 1024
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True)

    event: Literal["change", "undone"]
    boot: str
    scope: str
    key: str
    change: Change | None = None


class Entry(BaseModel):
    """A change that still has to be put back; the scope is who made it (`cluster`, `node/<name>`, `edge`, ...)."""

    model_config = ConfigDict(frozen=True)

    scope: str
    change: Change


class Journal:
    """An append-only file of lines; safe to use from several threads and processes at once.

    A change is known by its key: recording the same key again keeps the first entry, and with it the value the host
    had at first. Entries of an earlier boot are void: no change recorded here outlives a reboot.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._boot = BOOT_ID.read_text(encoding="ascii").strip()

    def record(self, scope: str, change: Change) -> None:
        """Must return before the change is made."""
        with self._locked() as handle:
            if change.key not in {entry.change.key for entry in self._read()}:
                self._append(handle, self._line(scope, change))

    def pending(self, scope: str | None = None) -> list[Entry]:
        """Changes not yet put back, oldest first, of one scope and those below it or of all."""
        return [entry for entry in self._read() if scope is None or _within(entry.scope, scope)]

    def undo(self, scope: str | None = None, *, progress: Callable[[str], None] = lambda _: None) -> None:
        """Puts everything back, latest first; processes first of all and at once.

        Goes on after a failure, keeps what failed in the journal and raises HostError naming all that failed.
        """
        entries = list(reversed(self.pending(scope)))
        running = [entry for entry in entries if isinstance(entry.change, Process)]
        failures = []
        if running:
            with ThreadPoolExecutor(max_workers=len(running)) as pool:
                failures += [failure for failure in pool.map(self._undo_entry, running) if failure]
            progress(f"{len(running)} processes stopped")
        failures += [
            failure for entry in entries if entry not in running and (failure := self._undo_entry(entry)) is not None
        ]
        if failures:
            raise HostError("not put back: " + "; ".join(failures))
        with self._locked():
            if not self._read():
                self._path.unlink(missing_ok=True)

    def undo_change(self, change: Change) -> None:
        """Puts one change back and takes it off the journal."""
        change.undo()
        self._mark_undone(change.key)

    def set_sysctl(self, scope: str, name: str, value: str, *, minimum: bool = False) -> None:
        """Sets a kernel setting (`net/ipv4/ip_forward`); with minimum only where it is lower."""
        path = SYSCTL_ROOT / name
        current = path.read_text(encoding="ascii").strip()
        if current == value or (minimum and int(current) >= int(value)):
            return
        self.keep_sysctl(scope, name)
        path.write_text(value, encoding="ascii")

    def keep_sysctl(self, scope: str, name: str) -> None:
        """Records a kernel setting that another program is about to change."""
        path = SYSCTL_ROOT / name
        if path.exists():
            self.record(scope, Sysctl(name=name, previous=path.read_text(encoding="ascii").strip()))

    def _undo_entry(self, entry: Entry) -> str | None:
        try:
            self.undo_change(entry.change)
        except (HostError, OSError) as error:
            return f"{entry.change.key}: {error}"
        return None

    def _mark_undone(self, key: str) -> None:
        with self._locked() as handle:
            self._append(handle, _Line(event="undone", boot=self._boot, scope="", key=key))

    def _read(self) -> list[Entry]:
        pending: dict[str, Entry] = {}
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        for raw in text.splitlines():
            try:
                line = _Line.model_validate_json(raw)
            except ValidationError:
                # A line cut off by a crash: its change was not made, for the write comes first.
                continue
            if line.boot != self._boot:
                continue
            if line.change is None:
                pending.pop(line.key, None)
            else:
                pending.setdefault(line.key, Entry(scope=line.scope, change=line.change))
        return list(pending.values())

    @contextmanager
    def _locked(self) -> Iterator[int]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._compact()
            handle = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                yield handle
            finally:
                os.close(handle)
        finally:
            os.close(lock)

    def _compact(self) -> None:
        """Forgets what was put back, where most of a long file tells of that: nodes come and go, and all read it."""
        try:
            if self._path.stat().st_size < _COMPACT_BYTES:
                return
        except FileNotFoundError:
            return
        pending = "".join(
            f"\n{self._line(entry.scope, entry.change).model_dump_json(exclude_none=True)}" for entry in self._read()
        ).encode()
        if len(pending) < _COMPACT_BYTES // 2:
            write_if_changed(self._path, pending, mode=0o600)

    def _line(self, scope: str, change: Change) -> _Line:
        return _Line(event="change", boot=self._boot, scope=scope, key=change.key, change=change)

    @staticmethod
    def _append(handle: int, line: _Line) -> None:
        # The newline in front closes a line that a crash cut off.
        os.write(handle, b"\n" + line.model_dump_json(exclude_none=True).encode())
        os.fsync(handle)


def _within(scope: str, outer: str) -> bool:
    return scope == outer or scope.startswith(f"{outer}/")


def open_journal() -> Journal:
    """The machine's journal; any number of commands may have it open."""
    return Journal(paths.RUN / "journal.jsonl")
