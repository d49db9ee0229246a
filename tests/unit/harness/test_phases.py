"""What must run alone is in the second phase, everything else in the first, and what is in neither is told."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
SOURCE = """
import pytest

def test_beside(): pass

@pytest.mark.alone
def test_alone(): pass

@pytest.mark.long
def test_long(): pass
"""
MARKERS = "alone: a\n    long: l\n    cluster_lifecycle: c"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "test_it.py").write_text(SOURCE)
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {REPOSITORY}\nmarkers =\n    {MARKERS}\n")
    (tmp_path / "conftest.py").write_text('pytest_plugins = ("tests.harness.groups", "tests.harness.phases")\n')
    return tmp_path


def run(tree: Path, *options: str) -> str:
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", *options]
    return subprocess.run(command, cwd=tree, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(("phase", "expected"), [("parallel", {"beside"}), ("alone", {"alone"})])
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_phase_runs_its_own_tests_and_tells_what_was_left_out(
    tree: Path, phase: str, expected: set[str], workers: str
) -> None:
    file = tree / "left-out.json"
    shown = run(tree, f"--phase={phase}", f"--left-out={file}", "-m", "not long", "-n", workers)
    assert set(re.findall(r"test_it\.py::test_(\w+)", shown)) == expected
    assert "1 passed" in shown.splitlines()[-1]
    left_out = json.loads(file.read_text())
    assert left_out == ({"test_it.py::test_long": ["long"]} if phase == "parallel" else {})


def test_without_a_phase_everything_that_is_asked_for_runs(tree: Path) -> None:
    assert "3 passed" in run(tree)


def test_no_test_of_the_machines_cluster_is_in_the_first_phase() -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "--phase=parallel", "-m", ""]
    folders = ["tests/cluster", "tests/local/test_cluster_lifecycle.py"]
    folders.append("tests/loadtests/faults/test_on_this_machine.py")
    done = subprocess.run([*command, *folders], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 5, done.stdout  # pytest's code for no tests
