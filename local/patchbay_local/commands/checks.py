"""`make lint`: types, style, shell scripts."""

import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape

from patchbay_local.machine import packages, paths
from patchbay_local.machine.programs import CommandError, run, terminate_all
from patchbay_local.machine.single_run import only_one

# Two programs of one name cannot be checked in one go.
_POLICY_PACK: Final = "policies/__main__.py"
_PYTHON: Final = (
    "__main__.py",
    "config",
    "infra",
    "local",
    "loadtests",
    "operations",
    "platform",
    "policies/patchbay_policies",
    "runtime",
    "standins",
    "benchmarks",
    "tests",
)


def lint(console: Console) -> bool:
    """Run every check, the quick ones beside the types; whether all are clean."""
    tools = Path(sys.executable).parent
    python = [path for path in _PYTHON if (paths.REPOSITORY / path).exists()]
    scripts = run(["git", "ls-files", "*.sh", ".ci/run"], cwd=paths.REPOSITORY).split()
    # One after the other: the second uses what the first has put into mypy's cache.
    types: list[tuple[str, list[str | Path]]] = [
        ("mypy", [tools / "mypy", *python]),
        ("mypy, policy pack", [tools / "mypy", _POLICY_PACK]),
    ]
    style: list[tuple[str, list[str | Path]]] = [
        ("ruff check", [tools / "ruff", "check", *python, _POLICY_PACK]),
        ("ruff format", [tools / "ruff", "format", "--check", *python, _POLICY_PACK]),
    ]
    if installed := ensure_shellcheck(console):
        style.append(("shellcheck", ["shellcheck", *scripts]))
    with ThreadPoolExecutor() as pool:
        try:
            results = list(pool.map(lambda checks: [_is_clean(console, *check) for check in checks], (style, types)))
        except BaseException:
            terminate_all()
            raise
    return installed and all(clean for found in results for clean in found)


def _is_clean(console: Console, name: str, command: list[str | Path]) -> bool:
    try:
        run(command, cwd=paths.REPOSITORY, on_line=(lines := list[str]()).append)
    except CommandError:
        # In one piece: others print at the same time.
        console.print("\n".join([*lines, f"{name}: FAILED"]), markup=False, highlight=False, soft_wrap=True)
        return False
    console.print(f"{name}: clean", highlight=False)
    return True


def ensure_shellcheck(console: Console) -> bool:
    """Install what no Python package brings along; False where only the machine's administrator could."""
    if shutil.which("shellcheck"):
        return True
    if os.geteuid() != 0:
        console.print("shellcheck: FAILED, not installed: install the package, or run this once as root")
        return False
    console.print("installing shellcheck")
    with only_one("installing shellcheck"), console.status("") as status:
        packages.install(["shellcheck"], lambda line, _: status.update(escape(line)))
    return True
