"""Files that running programs watch, and files that others may remove meanwhile."""

import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

# The last two are what files of the kernel say whose process or control group has ended.
_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ESRCH, errno.ENODEV})


def write_if_changed(path: Path, content: str | bytes, *, mode: int = 0o644) -> None:
    """Replaces the file at once and only if it differs: a reader never sees half of it, nor a change that is none."""
    data = content.encode() if isinstance(content, str) else content
    if path.exists() and path.read_bytes() == data:
        path.chmod(mode)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
    temporary.replace(path)


def entries(directory: Path) -> list[Path]:
    """What is in the directory, sorted; nothing where it is not there."""
    try:
        return sorted(directory.iterdir())
    except (FileNotFoundError, NotADirectoryError, ProcessLookupError):  # the last one below /proc
        return []


def files_below(directory: Path) -> list[Path]:
    """Every file below the directory, sorted; directories that vanish meanwhile are left out."""
    return sorted(Path(where) / name for where, _, names in os.walk(directory) for name in names)


def contents(files: Iterable[Path]) -> Iterator[tuple[Path, bytes]]:
    """Each file that is still there, with what it holds: what was listed a moment ago may be gone."""
    for file in files:
        try:
            yield file, file.read_bytes()
        except OSError as error:
            if error.errno not in _GONE:
                raise
