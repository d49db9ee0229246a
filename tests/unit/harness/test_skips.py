"""A test that does not run to its end fails the run, wherever it is skipped or given up."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]

SKIPS = {
    "by a mark": "@pytest.mark.skip(reason='no tool')\ndef test(): pass\n",
    "by a condition": "@pytest.mark.skipif(True, reason='no tool')\ndef test(): pass\n",
    "in the test": "def test(): pytest.skip('no tool')\n",
    "in a fixture": "@pytest.fixture\ndef tool(): pytest.skip('no tool')\ndef test(tool): pass\n",
    "of a whole module": "pytest.skip('no tool', allow_module_level=True)\n",
    "as a failure that is told in the test": "def test(): pytest.xfail('no tool')\n",
    "as a failure that is told in a fixture": "@pytest.fixture\ndef tool(): pytest.xfail('no tool')\n"
    "def test(tool): pass\n",
    "as a failure that is told in a test marked so": "@pytest.mark.xfail\ndef test(): pytest.xfail('no tool')\n",
    "as an expected failure that is not run": "@pytest.mark.xfail(run=False, reason='no tool')\ndef test(): pass\n",
    "as an expected failure that cannot be set up": "@pytest.fixture\ndef tool(): raise OSError('no tool')\n"
    "@pytest.mark.xfail\ndef test(tool): pass\n",
    "of a module that cannot be imported": "pytest.importorskip('no_tool')\n",
}


def run(directory: Path, source: str, *options: str) -> subprocess.CompletedProcess[str]:
    (directory / "test_it.py").write_text(f"import pytest\n{source}")
    (directory / "pytest.ini").write_text(f"[pytest]\npythonpath = {REPOSITORY}\n")
    (directory / "conftest.py").write_text('pytest_plugins = ("tests.harness.skips",)\n')
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("source", SKIPS.values(), ids=SKIPS)
def test_a_skip_fails_the_run_and_tells_why_and_what_to_do(source: str, tmp_path: Path) -> None:
    done = run(tmp_path, source)
    assert done.returncode in {1, 2}, done.stdout
    assert "no tool" in done.stdout or "no_tool" in done.stdout
    assert "`make up` installs" in done.stdout
    assert not re.search("skipped|xfailed|passed", done.stdout.splitlines()[-1])


@pytest.mark.parametrize("where", ["in the test", "as a failure that is told in the test"])
def test_a_skip_in_a_worker_fails_the_run_too(where: str, tmp_path: Path) -> None:
    done = run(tmp_path, SKIPS[where], "-n", "2")
    assert done.returncode == 1, done.stdout
    assert "1 failed" in done.stdout.splitlines()[-1]


def test_a_skip_is_a_failure_in_the_report(tmp_path: Path) -> None:
    run(tmp_path, SKIPS["as an expected failure that is not run"], f"--junitxml={tmp_path / 'report.xml'}")
    report = (tmp_path / "report.xml").read_text()
    assert "<failure" in report or "<error" in report
    assert "<skipped" not in report


def test_what_is_expected_to_fail_and_fails_is_no_skip(tmp_path: Path) -> None:
    assert run(tmp_path, "@pytest.mark.xfail\ndef test(): assert False\n").returncode == 0
