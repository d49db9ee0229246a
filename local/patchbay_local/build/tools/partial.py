"""A file on its way: what an interrupted download leaves, and the next one goes on with."""

import hashlib
from pathlib import Path
from typing import BinaryIO

import httpx


class Partial:
    """The bytes so far, their hash, and the server's mark of the version that they are of."""

    def __init__(self, path: Path, algorithm: str) -> None:
        self.path = path
        self._mark = path.with_name(f"{path.name}.mark")
        self._algorithm = algorithm
        self._hash = hashlib.new(algorithm)
        self.size = 0
        if path.exists():
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    self._add(block)

    @property
    def digest(self) -> str:
        """As checksums are locked: "sha256:..."."""
        return f"{self._algorithm}:{self._hash.hexdigest()}"

    def range_headers(self) -> dict[str, str]:
        """Ask for the rest, provided that the file is still the same; empty where all of it is to be asked for."""
        if self.size and self._mark.is_file():
            return {"Range": f"bytes={self.size}-", "If-Range": self._mark.read_text()}
        return {}

    def begin(self, response: httpx.Response) -> None:
        """Forget the bytes so far, for the server sends all of the file; keep its mark, if it is a strong one."""
        self.remove()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        etag = response.headers.get("ETag", "")
        if mark := (etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")):
            self._mark.write_text(mark)

    def write(self, file: BinaryIO, chunk: bytes) -> None:
        """Append to `file`, which is open at the end of the path."""
        file.write(chunk)
        self._add(chunk)

    def remove(self) -> None:
        """Leave nothing of it."""
        self._mark.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)
        self._hash = hashlib.new(self._algorithm)
        self.size = 0

    def _add(self, chunk: bytes) -> None:
        self._hash.update(chunk)
        self.size += len(chunk)
