"""A run of the tests that is ended leaves no server behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import until

REPOSITORY = Path(__file__).resolve().parents[3]
SOURCE = """
import os
import subprocess
import time
import pytest

@pytest.fixture(scope="session")
def server():
    server = subprocess.Popen(["sleep", "600"], start_new_session=True)
    yield server
    server.kill()
    server.wait()

def test_it(server):
    with open("new", "w") as file:
        file.write(str(server.pid))
    os.rename("new", "pid")
    time.sleep(600)
"""


@pytest.mark.parametrize("workers", ["0", "1"])
@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_ended_ends_its_servers(tmp_path: Path, workers: str, told: signal.Signals) -> None:
    (tmp_path / "test_it.py").write_text(SOURCE)
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {REPOSITORY}\n")
    (tmp_path / "conftest.py").write_text('pytest_plugins = ("tests.harness.endings",)\n')
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", workers]
    # As a shell starts what is to run beside it.
    ignoring = ["/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh", *command]
    run = subprocess.Popen(ignoring, cwd=tmp_path, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        until((tmp_path / "pid").exists, within=60)
        server = Path("/proc", (tmp_path / "pid").read_text())
        os.killpg(run.pid, told)
        assert run.wait(60) != 0
        until(lambda: not server.exists(), within=30)
    finally:
        run.kill()
