"""What is written down of a daemon that runs."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from patchbay_local.machine.processes import ProcessId


class DaemonRecord(BaseModel):
    """The daemon's process, and of which definition it is."""

    model_config = ConfigDict(frozen=True)

    process: ProcessId
    fingerprint: str

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """None where there is none, or none that can be read."""
        try:
            return cls.model_validate_json(file.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValidationError):
            return None
