"""What tests run in a Python environment of its own: it pins libraries that the project uses in other versions."""

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from patchbay_local.machine import paths
from patchbay_local.machine.mounts import remove_directory
from patchbay_local.machine.programs import run

_COMPLETE: Final = ".complete"


@dataclass(frozen=True)
class OwnEnvironment:
    """`directory`: of its installations, one for each lock."""

    name: str
    directory: Path

    @property
    def lock(self) -> Path:
        return paths.REPOSITORY / "requirements" / f"{self.name}.txt"

    def program(self, name: str) -> Path:
        """An installed program. RuntimeError where the locked version is not installed."""
        if not self.installed():
            raise RuntimeError(f"{self.name} is not installed: `make test` installs it")
        return self._place() / "bin" / name

    def installed(self) -> bool:
        """Whether the locked version is there."""
        return (self._place() / _COMPLETE).exists()

    def install(self) -> None:
        """Install the locked version, unless it is there; also after an installation that was interrupted."""
        if self.installed():
            return
        target = self._place()
        remove_directory(self.directory)
        log = paths.LOGS / f"{self.name}.log"
        # Scripts of an environment name its place: it is made where it stays, and counts once its last file is there.
        run([sys.executable, "-m", "venv", target], log=log)
        run([target / "bin" / "pip", "install", "--require-hashes", "--requirement", self.lock], log=log)
        (target / _COMPLETE).touch()

    def _place(self) -> Path:
        return self.directory / hashlib.sha256(self.lock.read_bytes()).hexdigest()[:16]


CHECKOV: Final = OwnEnvironment("checkov", paths.CHECKOV)
MINISTACK: Final = OwnEnvironment("ministack", paths.MINISTACK)
ALL: Final = (CHECKOV, MINISTACK)
