"""`pulumi up -s local`, also after one that was killed."""

import json
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

from patchbay_local import paths
from patchbay_local.commands import run
from patchbay_local.stack import pulumi

STACK: Final = "local"
_PROJECT: Final = "patchbay"
_STACK_FILE: Final = paths.PULUMI_BACKEND / ".pulumi" / "stacks" / _PROJECT / f"{STACK}.json"
_LOCKS: Final = paths.PULUMI_BACKEND / ".pulumi" / "locks" / "organization" / _PROJECT / STACK
_CHANGED: Final = re.compile(r"^\s*[-+~]+\s+(\S+)\s+(\S+)\s+(created|updated|deleted|replaced)\b")

Report = Callable[[str, float | None], None]


def exists() -> bool:
    """Whether the stack was created before."""
    return _STACK_FILE.is_file()


def up(report: Report) -> str:
    """Bring the stack to what the program says; return the summary's line on resources."""
    pulumi.install_stand_ins()
    environment = pulumi.variables()
    program = _program()
    log = paths.LOGS / "pulumi.log"
    common = ["--stack", STACK, "--non-interactive"]

    def command(*words: str) -> None:
        run([program, *words], cwd=paths.REPOSITORY, env=environment, log=log, on_line=watch)

    changed = 0

    def watch(line: str) -> None:
        nonlocal changed
        if found := _CHANGED.match(line):
            changed += 1
            report(f"{changed} resources changed, last: {found[2]} {found[3]}", None)

    run([program, "stack", "select", "--create", STACK], cwd=paths.REPOSITORY, env=environment, log=log)
    if abandoned(_lock_files()):
        report("freeing the lock of an update that was killed", None)
        command("cancel", STACK, "--yes", "--non-interactive")
    if has_pending_operations(_STACK_FILE):
        report("clearing what a killed update left pending", None)
        command("refresh", *common, "--yes", "--skip-preview", "--clear-pending-creates")
    command("up", *common, "--yes", "--skip-preview")
    return f"{changed} resources changed" if changed else "no changes"


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


def _lock_files() -> list[Path]:
    return sorted(_LOCKS.glob("*.json"))


def _program() -> Path:
    return pulumi.installed_cli() or paths.BIN / "pulumi"
