"""A run that is asked to end destroys first, and one that is killed takes Pulumi with it."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.operations.smoke.prepared import EMPTY, REPOSITORY, calls, program

# Pulumi ends what it has begun, and then itself.
DEPLOYING = f"""\
case "$1" in
up) trap 'echo in order >> "$(dirname "$0")/ended"; exit 1' INT TERM; touch "$(dirname "$0")/begun"
    while :; do sleep 0.1; done ;;
esac
{EMPTY}"""
PATIENCE_SECONDS = 20.0


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)


def begun(stub: Path) -> "subprocess.Popen[str]":
    """A run whose deployment has begun."""
    command = [sys.executable, "-m", "tests.operations.smoke.program", str(stub)]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    until((stub.parent / "begun").exists)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_the_deployment_in_order_and_destroys_what_it_made(tmp_path: Path, number: int) -> None:
    process = begun(program(tmp_path, DEPLOYING))
    process.send_signal(number)
    told, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1, told
    assert (tmp_path / "ended").read_text() == "in order\n"
    commands = [call.split()[0] for call in calls(tmp_path)]
    assert commands[:2] == ["up", "destroy"], told


def test_pulumi_does_not_outlive_a_run_that_is_killed(tmp_path: Path) -> None:
    process = begun(program(tmp_path, DEPLOYING))
    process.kill()
    process.communicate()
    until((tmp_path / "ended").exists)
