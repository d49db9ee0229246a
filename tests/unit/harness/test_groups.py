"""Tests of one server stay in one worker, and no two workers use the same port."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.groups import group

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("tests/runtime/test_runs.py::test_a", "runtime, m to z"),
        ("tests/runtime/test_outages.py::test_b[1]", "runtime, m to z"),
        ("tests/runtime/test_access.py::test_b[1]", "runtime, a to l"),
        ("tests/runtime/test_queue_faults.py::test_c", "tests/runtime/test_queue_faults.py"),
        ("tests/emulated/test_checks.py::test_it_holds[production-an-edge]", "emulated production"),
        ("tests/emulated/test_changes.py::test_a[dev-production]", "emulated production"),
        ("tests/emulated/test_tags.py::test_c[staging]", "emulated staging"),
        ("tests/emulated/test_refusals.py::test_nothing_is_created[a world-preview]", "emulated dev"),
        ("tests/unit/test_docs.py::test_d[runtime/production]", "tests/unit/test_docs.py"),
    ],
)
def test_a_test_is_in_the_group_of_its_server_and_else_in_that_of_its_file(test: str, expected: str) -> None:
    assert group(test) == expected


WRITES_ITS_WORKER = """
import os
import pytest
from tests.ports import free_port

@pytest.mark.parametrize("row", range(40))
def test_it(row, record_property):
    with open(os.environ["SEEN"], "a") as file:
        file.write(f"{__name__} {os.environ['PYTEST_XDIST_WORKER']} {free_port()}\\n")
"""


def test_every_file_runs_in_one_worker_and_every_port_is_given_once(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {REPOSITORY}\n")
    (tmp_path / "conftest.py").write_text('pytest_plugins = ("tests.harness.groups",)\n')
    files = ("test_a.py", "test_b.py", "test_c.py")
    for name in files:
        (tmp_path / name).write_text(WRITES_ITS_WORKER)
    seen = tmp_path / "seen"
    subprocess.run(
        ["env", f"SEEN={seen}", sys.executable, "-m", "pytest", "-q", "-n", "3", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    lines = [line.split() for line in seen.read_text().splitlines()]
    assert len(lines) == 40 * len(files)
    workers = {(module, worker) for module, worker, _ in lines}
    assert len(workers) == len(files), workers
    assert len({worker for _, worker in workers}) > 1
    ports = [port for _, _, port in lines]
    assert len(set(ports)) == len(ports)
