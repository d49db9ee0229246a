"""`make lint` and `make test`: the static checks, then every test on the running environment."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final, NoReturn

from rich.console import Console
from rich.markup import escape

from patchbay_local.build import checkov
from patchbay_local.deploy import environments
from patchbay_local.machine import packages, paths
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
    """Run every check; whether all are clean."""
    tools = Path(sys.executable).parent
    python = [path for path in _PYTHON if (paths.REPOSITORY / path).exists()]
    scripts = subprocess.run(
        ["git", "ls-files", "*.sh", ".ci/run"], check=True, capture_output=True, text=True, cwd=paths.REPOSITORY
    ).stdout.split()
    checks: list[tuple[str, list[str | Path]]] = [
        ("ruff check", [tools / "ruff", "check", *python, _POLICY_PACK]),
        ("ruff format", [tools / "ruff", "format", "--check", *python, _POLICY_PACK]),
        ("mypy", [tools / "mypy", *python]),
        ("mypy, policy pack", [tools / "mypy", _POLICY_PACK]),
    ]
    if clean := ensure_shellcheck(console):
        checks.append(("shellcheck", ["shellcheck", *scripts]))
    for name, command in checks:
        code = subprocess.run(command, check=False, cwd=paths.REPOSITORY).returncode
        console.print(f"{name}: {'clean' if code == 0 else 'FAILED'}", highlight=False)
        clean = clean and code == 0
    return clean


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


def run_tests(arguments: list[str]) -> NoReturn:
    """Become pytest, so that its closing line is the last one shown."""
    checkov.install()
    os.chdir(paths.REPOSITORY)
    environment = {**os.environ, **environments.variables()}
    os.execve(sys.executable, [sys.executable, "-m", "pytest", *arguments], environment)  # noqa: S606 - a list, no shell
