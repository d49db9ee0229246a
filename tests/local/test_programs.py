"""What a program of the system printed, how it ended, and that it never holds a command up for ever."""

import sys
from pathlib import Path

import pytest
from patchbay_local.machine import paths
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


def test_the_logins_of_addresses_are_neither_in_a_log_nor_in_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "LOGS", tmp_path / "logs")
    paths.LOGS.mkdir(mode=0o755)
    address = "https://user:p@ss@mirror.example/debian"
    script = f"import sys; print('fetching {address}'); sys.exit(3)"
    log = paths.LOGS / "log"
    with pytest.raises(CommandError, match=r"fetching https://\*\*\*@mirror.example/debian") as failed:
        run(python(script), log=log)
    assert "ss@" not in str(failed.value)
    with pytest.raises(HostError, match="took longer") as late:
        run([*python("import time; time.sleep(60)"), address], timeout_seconds=0.2)
    assert "ss@" not in str(late.value)
    assert "ss@" not in log.read_text()
    assert log.read_text().count("***@mirror.example/debian") == 2
    assert paths.LOGS.stat().st_mode & 0o777 == 0o700
    # What a caller asks for is what the program said.
    assert run(python(f"print('{address}')")) == f"{address}\n"
