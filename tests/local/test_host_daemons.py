"""Daemons outlive the command that started them, and end with all that they started."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from patchbay_local.machine import processes
from patchbay_local.machine.daemons import Daemon, Supervisor
from patchbay_local.machine.journal import Journal
from patchbay_local.machine.processes import ProcessId

SLEEPER = Daemon(name="sleeper", argv=("sleep", "300"), stop_grace_seconds=1)


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    journal = Journal(tmp_path / "journal.jsonl")
    yield Supervisor(run=tmp_path / "run", logs=tmp_path / "logs", journal=journal, scope="test")
    journal.undo()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_running_daemon_is_left_alone(supervisor: Supervisor) -> None:
    assert supervisor.ensure(SLEEPER)
    first = supervisor.process("sleeper")
    assert not supervisor.ensure(SLEEPER)
    assert supervisor.process("sleeper") == first


def test_a_daemon_whose_arguments_change_is_restarted(supervisor: Supervisor) -> None:
    supervisor.ensure(SLEEPER)
    first = supervisor.process("sleeper")
    assert supervisor.ensure(SLEEPER.model_copy(update={"argv": ("sleep", "301")}))
    assert first
    assert not first.is_alive()


def test_a_daemon_that_died_is_started_again(supervisor: Supervisor) -> None:
    supervisor.ensure(SLEEPER)
    process = supervisor.process("sleeper")
    assert process
    process.send(signal.SIGKILL)
    wait_for(lambda: not process.is_alive())
    assert supervisor.status("sleeper").pid is None
    assert supervisor.ensure(SLEEPER)


def test_stopping_ends_the_children_and_what_ignores_the_polite_signal(supervisor: Supervisor, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    script = f"trap '' TERM; sleep 300 & touch {ready}; wait"
    supervisor.ensure(Daemon(name="stubborn", argv=("bash", "-c", script), stop_grace_seconds=0.2))
    wait_for(ready.exists)
    (entry,) = Journal(tmp_path / "journal.jsonl").pending()
    assert entry.change.kind == "process"
    running = processes.with_token(entry.change.token)
    assert len(running) == 2
    supervisor.stop("stubborn")
    assert not any(process.is_alive() for process in running)


def test_a_daemon_is_found_and_ended_even_if_its_record_was_never_written(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.ensure(SLEEPER)
    process = supervisor.process("sleeper")
    assert process
    (tmp_path / "run/daemons/sleeper.json").unlink()
    Journal(tmp_path / "journal.jsonl").undo()
    assert not process.is_alive()


def test_a_process_that_took_over_the_pid_is_not_touched() -> None:
    own = ProcessId.of(os.getpid())
    assert own
    stranger = own.model_copy(update={"started_ticks": own.started_ticks + 1})
    assert not stranger.is_alive()
    assert processes.stop([stranger], grace_seconds=1) == []


def test_output_goes_to_the_log_and_ends_error_messages(supervisor: Supervisor) -> None:
    supervisor.ensure(Daemon(name="speaker", argv=("sh", "-c", "echo first; echo the reason >&2; exit 1")))
    wait_for(lambda: "reason" in supervisor.last_words("speaker"))
    assert supervisor.last_words("speaker", lines=1) == "the reason"
    assert supervisor.log("speaker").read_text() == "first\nthe reason\n"


def test_a_daemon_gets_no_variable_of_the_command_that_starts_it(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXAMPLE_TOKEN", "example")
    supervisor.ensure(Daemon(name="env", argv=("env",), environment={"LEVEL": "info"}))
    wait_for(lambda: "LEVEL=info" in supervisor.last_words("env", lines=50))
    assert "EXAMPLE_TOKEN" not in supervisor.last_words("env", lines=50)
