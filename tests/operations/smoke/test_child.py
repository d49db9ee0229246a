"""A program ends in its time, in order where it can, and takes nothing of the state to the log."""

import os
import sys
import time
from pathlib import Path

import pytest
from patchbay_operations.smoke.child import ChildError, Within, run_child

WAITING = "import signal, sys, time; print('ready', flush=True)\n"
IN_ORDER = f"{WAITING}signal.signal(signal.SIGINT, lambda *_: sys.exit(0))\ntime.sleep(60)"
# As Pulumi: the first is heeded when it has done what it had begun, the second at once.
AT_THE_SECOND = f"""{WAITING}
def end(*_): signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
signal.signal(signal.SIGINT, end)
while 1: time.sleep(.05)"""
NEVER = f"{WAITING}signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile 1: time.sleep(.05)"


def ran(directory: Path, source: str, within: Within, *, quiet: bool = False) -> str:
    return run_child(
        [sys.executable, "-c", source],
        within=within,
        directory=directory,
        environment=os.environ,
        log=directory / "log",
        on_line=lambda _: None,
        quiet=quiet,
    )


def soon(*, grace: float) -> Within:
    return Within(time.monotonic() + 0.5, lambda: False, grace)


def later() -> Within:
    return Within(time.monotonic() + 30, lambda: False, 5)


@pytest.mark.parametrize("source", [IN_ORDER, AT_THE_SECOND], ids=["at-the-first-signal", "at-the-second"])
def test_one_whose_time_is_over_may_end_in_order(tmp_path: Path, source: str) -> None:
    with pytest.raises(ChildError, match="took longer") as ended:
        ran(tmp_path, source, soon(grace=1.5))
    assert not ended.value.killed


def test_one_that_does_not_end_is_killed_and_that_is_told(tmp_path: Path) -> None:
    with pytest.raises(ChildError, match="killed") as ended:
        ran(tmp_path, NEVER, soon(grace=0.3))
    assert ended.value.killed


def test_a_signal_to_the_run_ends_it_long_before_its_time(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(ChildError, match="signal"):
        ran(tmp_path, IN_ORDER, Within(began + 60, lambda: True, 5))
    assert time.monotonic() - began < 10


def test_a_failure_tells_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(ChildError, match="no room"):
        ran(tmp_path, "import sys; sys.exit('no room')", later())


def test_the_state_that_pulumi_prints_is_not_in_the_log(tmp_path: Path) -> None:
    source = "import sys; print('kept to itself'); print('a warning', file=sys.stderr)"
    assert ran(tmp_path, source, later(), quiet=True) == "kept to itself\n"
    assert "a warning" in (tmp_path / "log").read_text()
    assert "\nkept to itself" not in (tmp_path / "log").read_text()


def test_neither_a_full_disk_nor_a_terminal_that_is_gone_ends_what_runs(tmp_path: Path) -> None:
    def gone(_: str) -> None:
        raise BrokenPipeError

    lines = "import sys\nfor _ in range(20000): print('x' * 80)\nprint('ended in order')"
    command = [sys.executable, "-c", lines]
    # Every write to it fails as on a disk that is full.
    full = Path("/dev/full")
    said = run_child(command, within=later(), directory=tmp_path, environment=os.environ, log=full, on_line=gone)
    assert said.endswith("ended in order\n")


def test_a_log_that_cannot_be_opened_keeps_nothing_from_running(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    command, log = [sys.executable, "-c", "print('ran')"], tmp_path / "file" / "log"
    within = later()
    assert (
        run_child(command, within=within, directory=tmp_path, environment=os.environ, log=log, on_line=lambda _: None)
        == "ran\n"
    )


def test_one_that_somebody_else_killed_counts_as_killed(tmp_path: Path) -> None:
    with pytest.raises(ChildError, match="ended with -9") as ended:
        ran(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", later())
    assert ended.value.killed


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ChildError, match="no-such-program: not on the PATH; install it"):
        run_child(
            ["no-such-program"],
            within=later(),
            directory=tmp_path,
            environment=os.environ,
            log=tmp_path / "log",
            on_line=lambda _: None,
        )
