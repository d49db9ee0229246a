"""What the file backend keeps of a stack, and what a killed update leaves there."""

import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROJECT: Final = "patchbay"


@dataclass(frozen=True)
class Backend:
    """A directory of the `file://` backend."""

    directory: Path

    @property
    def url(self) -> str:
        return f"file://{self.directory}"

    def stack_file(self, stack: str) -> Path:
        """The stack's last checkpoint."""
        return self.directory / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"

    def exists(self, stack: str) -> bool:
        """Whether the stack was created before."""
        return self.stack_file(stack).is_file()

    def was_killed(self, stack: str) -> bool:
        """Whether an update of the stack ended without tidying up: its lock or its pending operations are left."""
        locks = self.directory / ".pulumi" / "locks" / "organization" / PROJECT / stack
        return abandoned(sorted(locks.glob("*.json"))) or has_pending_operations(self.stack_file(stack))


def abandoned(locks: list[Path]) -> bool:
    """Whether a lock is held by a process that is gone. One of another machine counts as held."""
    for file in locks:
        try:
            owner = json.loads(file.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            continue
        if owner.get("hostname") == socket.gethostname() and not _is_pulumi(owner.get("pid")):
            return True
    return False


def has_pending_operations(stack_file: Path) -> bool:
    """Whether an update ended in the middle of creating something."""
    try:
        state = json.loads(stack_file.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return False
    latest = (state.get("checkpoint") or {}).get("latest") or {}
    return bool(latest.get("pending_operations"))


def _is_pulumi(pid: object) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().startswith("pulumi")  # the number may be another's by now
    except FileNotFoundError:
        return False
