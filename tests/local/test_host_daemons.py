"""Daemons outlive the command that started them, and end with all that they started."""

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

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
    script = f"trap '' TERM; sleep 300 & : > {ready}; wait"
    supervisor.ensure(Daemon(name="stubborn", argv=("bash", "-c", script), stop_grace_seconds=0.2))
    wait_for(ready.exists)
    (entry,) = Journal(tmp_path / "journal.jsonl").pending()
    assert entry.change.kind == "process"
    token = entry.change.token
    running: list[ProcessId] = []

    def both_run() -> bool:
        # The shell's child has no environment for a moment while it becomes `sleep`.
        running[:] = processes.with_token(token)
        return len(running) == 2

    wait_for(both_run)
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


_MANY_THREADS: Final = """
import socket, threading, time

def spin():
    while True:
        time.sleep(0.001)

listener = socket.create_server(("127.0.0.1", 0))
for _ in range(100):
    threading.Thread(target=spin, daemon=True).start()
print(listener.getsockname()[1], flush=True)
time.sleep(300)
"""


def test_a_process_counts_as_ended_only_once_its_port_is_free() -> None:
    for _ in range(15):  # the first of its threads is the first to end in one of two or three tries
        with subprocess.Popen([sys.executable, "-c", _MANY_THREADS], stdout=subprocess.PIPE) as program:
            assert program.stdout
            port = int(program.stdout.readline())
            process = ProcessId.of(program.pid)
            assert process
            process.send(signal.SIGTERM)
            while process.is_alive():
                pass
            with socket.socket() as client:
                assert client.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


def test_stopping_waits_for_a_program_that_is_ending_already(supervisor: Supervisor) -> None:
    supervisor.ensure(Daemon(name="threads", argv=(sys.executable, "-c", _MANY_THREADS)))
    wait_for(lambda: supervisor.last_words("threads").isdigit())
    port = int(supervisor.last_words("threads"))
    process = supervisor.process("threads")
    assert process
    process.send(signal.SIGKILL)
    supervisor.stop("threads")
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


_FIRST_THREAD_ENDS: Final = """
import ctypes, threading, time

threading.Thread(target=time.sleep, args=(300,)).start()
ctypes.CDLL(None).pthread_exit(None)
"""


@pytest.mark.parametrize("recorded", [True, False])
def test_a_program_whose_first_thread_has_ended_is_stopped(
    supervisor: Supervisor, tmp_path: Path, recorded: bool
) -> None:
    supervisor.ensure(Daemon(name="headless", argv=(sys.executable, "-c", _FIRST_THREAD_ENDS)))
    process = supervisor.process("headless")
    assert process
    wait_for(lambda: _state(process) == "Z")
    assert process.is_alive()
    if not recorded:
        (tmp_path / "run/daemons/headless.json").unlink()
    supervisor.stop("headless")
    assert not process.is_alive()


def _state(process: ProcessId) -> str:
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_what_one_look_misses_is_ended(supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    supervisor.ensure(SLEEPER)
    process = supervisor.process("sleeper")
    assert process
    (tmp_path / "run/daemons/sleeper.json").unlink()
    look, missed = processes.with_token, [True]
    monkeypatch.setattr(processes, "with_token", lambda token: [] if missed and missed.pop() else look(token))
    supervisor.stop("sleeper")
    assert not process.is_alive()


def test_what_is_started_while_the_others_are_ended_is_ended_as_well(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor.ensure(SLEEPER)
    look = processes.with_token
    late: list[subprocess.Popen[bytes]] = []

    def look_and_start(token: str) -> list[ProcessId]:
        found = look(token)
        if not late:
            late.append(subprocess.Popen(["sleep", "300"], env={processes.TOKEN_VARIABLE: token}))
            begun = ProcessId.of(late[0].pid)
            assert begun
            processes.wait_for_token(begun, token)
        return found

    monkeypatch.setattr(processes, "with_token", look_and_start)
    process = supervisor.process("sleeper")
    supervisor.stop("sleeper")
    assert process
    assert not process.is_alive()
    with late[0] as started:
        ended = started.poll() is not None
        started.kill()
    assert ended


@pytest.mark.parametrize(
    ("state", "threads", "alive"),
    [("S", 1, True), ("Z", 2, True), ("Z", 1, False), ("X", 1, False), ("X", 0, False)],
)
def test_what_has_ended_is_not_alive(monkeypatch: pytest.MonkeyPatch, state: str, threads: int, alive: bool) -> None:
    fields = [state, *["0"] * 16, str(threads), "0", "7"]
    monkeypatch.setattr(processes, "_stat_fields", lambda _pid: fields)
    assert ProcessId(pid=1, started_ticks=7).is_alive() == alive


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
