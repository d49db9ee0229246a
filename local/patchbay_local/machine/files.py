"""Files that running programs watch."""

import os
from pathlib import Path


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
