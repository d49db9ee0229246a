"""checkov in an environment of its own: it pins libraries that the project uses in other versions."""

import hashlib
import sys
from pathlib import Path
from typing import Final

from patchbay_local.machine import paths
from patchbay_local.machine.mounts import remove_directory
from patchbay_local.machine.programs import run

LOCK: Final = paths.REPOSITORY / "requirements" / "checkov.txt"
_COMPLETE: Final = ".complete"


def program() -> Path:
    """The installed program. RuntimeError where it is not installed."""
    if not installed():
        raise RuntimeError("checkov is not installed: `make test` installs it")
    return _environment() / "bin" / "checkov"


def installed() -> bool:
    """Whether the locked version is there."""
    return (_environment() / _COMPLETE).exists()


def install() -> None:
    """Install the locked version, unless it is there; also after an installation that was interrupted."""
    if installed():
        return
    target = _environment()
    remove_directory(paths.CHECKOV)
    log = paths.LOGS / "checkov.log"
    # Scripts of an environment name its place: it is made where it stays, and counts once its last file is there.
    run([sys.executable, "-m", "venv", target], log=log)
    run([target / "bin" / "pip", "install", "--require-hashes", "--requirement", LOCK], log=log)
    (target / _COMPLETE).touch()


def _environment() -> Path:
    return paths.CHECKOV / hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
