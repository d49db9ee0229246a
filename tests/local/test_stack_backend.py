"""A stack's state in a directory: whether an update of it runs, was killed, or neither."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from patchbay_local.deploy.stack.backend import PROJECT, Backend

NO_PROCESS = 2**22 + 1  # above the largest number that a process can have

Locking = Callable[[int, str], None]


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    return Backend(tmp_path)


@pytest.fixture
def lock(tmp_path: Path) -> Locking:
    folder = tmp_path / ".pulumi" / "locks" / "organization" / PROJECT / "dev"

    def write(pid: int, host: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        content = {"pid": pid, "hostname": host, "username": "root", "timestamp": "2026-01-02T03:04:05Z"}
        (folder / f"{pid}.json").write_text(json.dumps(content))

    return write


def write_state(backend: Backend, state: Any) -> None:
    file = backend.stack_file("dev")
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"version": 3, "checkpoint": {"latest": state}}))


def test_a_lock_without_its_process_tells_of_a_killed_update(backend: Backend, lock: Locking) -> None:
    lock(NO_PROCESS, socket.gethostname())
    backend.require_free("dev")
    assert backend.was_killed("dev")


def test_a_number_that_another_program_has_by_now_is_no_update(backend: Backend, lock: Locking) -> None:
    lock(os.getpid(), socket.gethostname())
    assert backend.was_killed("dev")


def test_an_update_that_runs_is_left_alone(backend: Backend, lock: Locking, tmp_path: Path) -> None:
    program = tmp_path / "pulumi"
    shutil.copy2(shutil.which("sleep") or "", program)
    with subprocess.Popen([program, "60"]) as update:
        lock(update.pid, socket.gethostname())
        write_state(backend, {"pending_operations": [{"type": "creating"}]})
        with pytest.raises(
            RuntimeError, match=rf"an update of dev is running \(pid {update.pid} on .*wait for its end"
        ):
            backend.require_free("dev")
        assert not backend.was_killed("dev")
        update.kill()
        update.wait()
        backend.require_free("dev")
        assert backend.was_killed("dev")


def test_the_lock_of_another_machine_is_respected(backend: Backend, lock: Locking) -> None:
    lock(NO_PROCESS, "elsewhere.example")
    assert not backend.was_killed("dev")
    with pytest.raises(RuntimeError, match=r"on elsewhere\.example.*pulumi cancel --stack dev"):
        backend.require_free("dev")


def test_another_stack_is_not_concerned(backend: Backend, lock: Locking) -> None:
    lock(NO_PROCESS, "elsewhere.example")
    backend.require_free("production")
    assert not backend.was_killed("production")


@pytest.mark.parametrize(("pending", "expected"), [([{"type": "creating"}], True), ([], False), (None, False)])
def test_what_a_killed_update_left_pending_is_seen(
    backend: Backend, pending: list[dict[str, str]] | None, expected: bool
) -> None:
    write_state(backend, {"pending_operations": pending})
    assert backend.was_killed("dev") is expected


def test_a_stack_that_does_not_exist_yet_was_not_killed(backend: Backend) -> None:
    assert not backend.exists("dev")
    assert not backend.was_killed("dev")


@pytest.mark.parametrize(("written", "kept"), [("", False), ('{"md5"', False), ('{"md5": "of it"}', True)])
def test_what_a_kill_left_half_written_beside_the_state_goes(backend: Backend, written: str, kept: bool) -> None:
    write_state(backend, {})
    backend.mend("dev")
    beside = backend.stack_file("dev").with_name("dev.json.attrs")
    beside.write_text(written)
    backend.mend("dev")
    assert beside.exists() is kept
    assert backend.exists("dev")


def test_a_backend_that_is_no_directory_has_no_locks_to_look_at() -> None:
    assert Backend.of_url("s3://example-state") is None
    assert Backend.of_url("file:///var/lib/a%20b") == Backend(Path("/var/lib/a b"))
    assert Backend.of_url(Backend(Path("/var/lib/state")).url) == Backend(Path("/var/lib/state"))
    assert Backend.of_url("file://~/state") == Backend(Path.home() / "state")
