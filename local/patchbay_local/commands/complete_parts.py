"""The parts of the complete set: the commands that there are, in an order in which each finds what it needs."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from patchbay_local.build.images import build as images
from patchbay_local.commands import checks, faults, proof
from patchbay_local.commands.complete import Part
from patchbay_local.commands.down import down
from patchbay_local.commands.emulate import emulate
from patchbay_local.commands.phases import REPORTS, run_tests
from patchbay_local.commands.up import Options, up
from patchbay_local.machine import paths
from patchbay_local.machine.programs import run

# Half of what `make load` sends: a machine that is slow today is behind with that, and no pods help.
_LOAD: Final = ("--rate", "0.25")
_STACKS: Final = ("dev", "staging", "production")
_MARK: Final = "cluster_lifecycle"
_LIFECYCLE: Final = ("-m", _MARK, "tests/local/test_cluster_lifecycle.py")


def complete(console: Console) -> Sequence[Part]:
    """The environment is up when the set ends."""

    def emulated(stack: str) -> Part:
        return Part(
            f"emulated {stack}",
            f"{stack}'s AWS is deployed on an empty account, and every check of it holds",
            lambda: emulate(console, stack, afresh=True),
        )

    def every_test() -> bool:
        return run_tests(console, ("-m", f"not {_MARK}"), reports=REPORTS / "every", all_but=_MARK) == 0

    def start() -> bool:
        return up(console, Options(skip_proof=True))

    def machine() -> bool:
        return down(console) and run_tests(console, _LIFECYCLE, reports=REPORTS / "machine") == 0

    def new_images() -> bool:
        if not down(console):  # no node may ask for what is made anew
            return False
        images.forget()
        return start()

    return (
        Part("lint", "types, style, shell scripts", lambda: checks.lint(console)),
        Part("bootstrap", "the Python environment, from the locks alone", bootstrap),
        Part("up", "the platform comes up from what is built", start, lasting=False),
        Part(
            "tests",
            "every test, those marked long and the updates that are killed too",
            every_test,
        ),
        *(emulated(stack) for stack in _STACKS),
        Part("proof", "pods follow processes at 7, 8, 16, 40 and 0", lambda: up(console, Options())),
        Part("nodes", "nodes follow pods, with the headroom and without", lambda: proof.nodes(console, []) == 0),
        Part("load", "a ramp to 30 times the usual load", lambda: proof.load(console, _LOAD) == 0),
        Part(
            "comparison",
            "the same load, as it scales here and by default",
            lambda: proof.compare(console, []) == 0,
        ),
        Part("faults", "every fault under load: nothing lost, nothing done twice", lambda: faults.run([]) == 0),
        Part("machine", "a killed start, a killed node and a stop leave this machine as it was", machine),
        Part("images", "every image, built anew, and the platform on them", new_images, lasting=False),
    )


def bootstrap() -> bool:
    """Make the environment of a fresh copy of the tree, and run the command in it."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=paths.REPOSITORY, check=True, capture_output=True, text=True)
    with tempfile.TemporaryDirectory(prefix="patchbay-bootstrap-") as directory:
        for name in filter(None, files.stdout.split("\0")):
            target = Path(directory, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(paths.REPOSITORY / name, target, follow_symlinks=False)
        run(["bash", "local/bootstrap.sh"], cwd=Path(directory), log=paths.LOGS / "bootstrap.log")
        shown = run([Path(directory, ".venv/bin/python"), "-m", "patchbay_local", "--help"], cwd=Path(directory))
    return "Patchbay on one machine." in shown
