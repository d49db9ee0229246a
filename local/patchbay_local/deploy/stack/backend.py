"""What the file backend keeps of a stack, and what a killed update leaves there."""

import contextlib
import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import psutil

from patchbay_local.machine.files import contents, entries
from patchbay_local.machine.processes import ProcessId

PROJECT: Final = "patchbay"


@dataclass(frozen=True)
class Lock:
    """A stack's lock: which process took it, on which machine, when (as the engine writes it)."""

    pid: int
    host: str
    taken: str

    @classmethod
    def read(cls, file: Path) -> "Lock | None":
        """None for one that has just been given back, or is being written."""
        for _, text in contents([file]):
            with contextlib.suppress(json.JSONDecodeError):
                content = json.loads(text)
                return cls(int(content["pid"]), str(content["hostname"]), str(content.get("timestamp", "")))
        return None

    @property
    def is_held(self) -> bool:
        """Whether the update may still run. Of another machine's nobody here knows."""
        return self.host != socket.gethostname() or _is_pulumi(self.pid)

    def __str__(self) -> str:
        return f"pid {self.pid} on {self.host}, since {self.taken}"


@dataclass(frozen=True)
class Backend:
    """A directory of the `file://` backend."""

    directory: Path

    @classmethod
    def of_url(cls, url: str) -> "Backend | None":
        """None for a backend that is no directory."""
        parts = urlsplit(url)
        return cls(Path(unquote(parts.netloc + parts.path)).expanduser()) if parts.scheme == "file" else None

    @property
    def url(self) -> str:
        # Without the file beside each file: it is not written at once, and one half written hides the state.
        return f"file://{self.directory}?metadata=skip"

    def mend(self, stack: str) -> None:
        """Remove the file beside the checkpoint where a kill left it half written: it holds nothing but a hash.

        Where it cannot be read, the engine refuses the checkpoint itself (`failed to load checkpoint: EOF`).
        """
        beside = self.stack_file(stack).with_name(f"{stack}.json.attrs")
        try:
            json.loads(beside.read_text())
        except json.JSONDecodeError:
            beside.unlink()
        except FileNotFoundError:
            pass

    def stack_file(self, stack: str) -> Path:
        """The stack's last checkpoint."""
        return self.directory / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"

    def exists(self, stack: str) -> bool:
        """Whether the stack was created before."""
        return self.stack_file(stack).is_file()

    def locks(self, stack: str) -> list[Lock]:
        """All of the stack's locks, those of killed updates included."""
        files = entries(self.directory / ".pulumi" / "locks" / "organization" / PROJECT / stack)
        return [lock for file in files if file.suffix == ".json" and (lock := Lock.read(file))]

    def require_free(self, stack: str) -> None:
        """RuntimeError where an update of the stack may still run."""
        for lock in self.locks(stack):
            if lock.is_held:
                raise RuntimeError(
                    f"an update of {stack} is running ({lock}): wait for its end, or end it; where its machine is"
                    f" gone, `pulumi cancel --stack {stack}` takes its lock away"
                )

    def was_killed(self, stack: str) -> bool:
        """Whether an update of the stack ended without tidying up: its lock or its pending operations are left."""
        locks = self.locks(stack)
        if any(lock.is_held for lock in locks):
            return False
        return bool(locks) or self.has_pending_operations(stack)

    def has_pending_operations(self, stack: str) -> bool:
        """Whether something has begun and not ended."""
        try:
            state: dict[str, Any] = json.loads(self.stack_file(stack).read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return False
        latest = (state.get("checkpoint") or {}).get("latest") or {}
        return bool(latest.get("pending_operations"))


def _is_pulumi(pid: int) -> bool:
    try:
        # The number may be another program's by now.
        named = psutil.Process(pid).name().startswith("pulumi")
    except psutil.NoSuchProcess:
        return False
    process = ProcessId.of(pid)
    return named and process is not None and process.is_alive()
