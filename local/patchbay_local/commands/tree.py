"""Which tree is tested: what a report says of it, and whether it changed meanwhile."""

import hashlib
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from patchbay_local.machine import paths


@dataclass(frozen=True)
class Tree:
    """What is tested: a commit, and the files that differ from it; `content`: a checksum of what they hold."""

    commit: str
    changed: Sequence[str]
    content: str = ""

    @classmethod
    def of(cls, repository: Path = paths.REPOSITORY) -> "Tree":
        """Raises RuntimeError where git does not know."""

        def git(*words: str) -> str:
            # Without a lock: whoever works in the tree meanwhile must not fail because of it.
            command = ["git", "--no-optional-locks", *words]
            return subprocess.run(command, cwd=repository, check=True, capture_output=True, text=True).stdout

        try:
            status = git("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
            commit = git("rev-parse", "HEAD").strip()
        except (OSError, subprocess.CalledProcessError) as error:
            reason = error.stderr if isinstance(error, subprocess.CalledProcessError) else error
            raise RuntimeError(f"git does not tell which commit {repository} is: {str(reason).strip()}") from error
        changed = sorted({entry[3:] for entry in status.split("\0") if entry})
        return cls(commit, changed, _checksum([repository / name for name in changed]) if changed else "")

    def __str__(self) -> str:
        if not self.changed:
            return self.commit
        return f"{self.commit} and {len(self.changed)} changed file{'s' if len(self.changed) > 1 else ''}"

    def difference(self, later: "Tree") -> str:
        """What became of it, in words; empty where nothing did."""
        if self == later:
            return ""
        if self.commit != later.commit:
            return f"commit {self.commit[:12]} became {later.commit[:12]}"
        names = sorted(set(self.changed) ^ set(later.changed))
        if not names:
            return "a file that is not committed was edited again"
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        return f"edited or put back: {names[0]}{more}"


def _checksum(files: Sequence[Path]) -> str:
    total = hashlib.sha256()
    for file in files:
        try:
            held = str(file.readlink()).encode() if file.is_symlink() else file.read_bytes()
            mode = file.lstat().st_mode
        except OSError:  # removed, or a repository of its own
            held, mode = b"", 0
        total.update(f"{file}\0{mode}\0{len(held)}\0".encode(errors="surrogateescape") + held)
    return total.hexdigest()
