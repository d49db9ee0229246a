"""What a program of the system printed, how it ended, and that it never holds a command up for ever."""

import sys
from pathlib import Path

import pytest
from patchbay_local.machine.programs import CommandError, HostError, run, succeeds


def python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def test_only_the_standard_output_is_the_answer_and_every_line_is_seen() -> None:
    seen: list[str] = []
    script = "import sys; print('{}'); print('warning', file=sys.stderr)"
    assert run(python(script), on_line=seen.append) == "{}\n"
    assert sorted(seen) == ["warning", "{}"]


def test_a_failure_is_told_with_what_both_outputs_said_last() -> None:
    with pytest.raises(CommandError, match="the reason") as failed:
        run(python("import sys; print('half done'); print('the reason', file=sys.stderr); sys.exit(3)"))
    assert "half done" in str(failed.value)
    assert failed.value.code == 3


def test_more_than_a_pipe_holds_goes_in_and_comes_out() -> None:
    text = "x" * 1_000_000
    script = "import sys; text = sys.stdin.read(); print(text, file=sys.stderr); print(text)"
    assert run(python(script), stdin=text) == f"{text}\n"


def test_a_program_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    script = "import subprocess; subprocess.run(['sleep', '600'])"
    with pytest.raises(HostError, match="took longer than 1 s"):
        run(python(script), timeout_seconds=1)
    with pytest.raises(HostError, match="took longer than 1 s"):
        run(python(script), timeout_seconds=1, log=tmp_path / "log")


def test_a_missing_program_is_told_with_the_remedy() -> None:
    with pytest.raises(HostError, match="no-such-program: not found on PATH; install its package"):
        run(["no-such-program"])
    assert not succeeds(["no-such-program"])
