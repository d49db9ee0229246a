"""`make down` and `make clean`: all that can be put back is, what cannot is told, and what stays is named."""

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from patchbay_local import cli
from patchbay_local.commands.clean import clean
from patchbay_local.commands.down import down
from patchbay_local.machine import checkout, packages, paths
from patchbay_local.machine.changes import Directory, Process
from patchbay_local.machine.daemons import Daemon, Supervisor
from patchbay_local.machine.journal import open_journal
from patchbay_local.machine.mounts import remove_directory
from patchbay_local.machine.processes import ProcessId, stop
from rich.console import Console


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine's folders below one of the test's own, with what an environment leaves in them."""
    roots = {getattr(paths, name): tmp_path / name.lower() for name in ("STATE", "RUN", "LOGS", "CACHE")}
    for name, place in list(vars(paths).items()):
        for root, own in roots.items():
            if isinstance(place, Path) and place.is_relative_to(root):
                monkeypatch.setattr(paths, name, own / place.relative_to(root))
    monkeypatch.setattr("patchbay_local.machine.single_run._LOCK", tmp_path / "lock")
    monkeypatch.setattr(packages, "_POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(packages, "_POLICY_SAVED", tmp_path / "policy-rc.d.saved")
    for directory in (paths.PULUMI_BACKEND, paths.EMULATIONS, paths.CACHE, paths.LOGS, paths.RUN):
        directory.mkdir(parents=True)
    (paths.CACHE / "tool").write_text("built")
    return tmp_path


def stuck(directory: Path) -> None:
    """A directory that cannot be deleted: a file system is mounted in it."""
    (directory / "mounted").mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "patchbay-test", str(directory / "mounted")], check=True)


@pytest.fixture
def unmounted(machine: Path) -> Iterator[None]:
    yield
    for place in machine.glob("*/mounted"):
        subprocess.run(["umount", "--lazy", str(place)], check=False, capture_output=True)


def run_down() -> tuple[bool, str]:
    told = io.StringIO()
    return down(Console(file=told, width=1000)), told.getvalue()


def test_all_is_put_back_and_what_stays_is_named(machine: Path) -> None:
    checkout.claim()
    journal = open_journal()
    journal.record("cluster", Directory(path=machine / "made"))
    (machine / "made").mkdir()
    process = _start_edge()
    paths.INSTALLED_PACKAGES.write_text("buildah\nhaproxy\n")
    paths.ADMINISTRATOR_KEY.write_text("key")
    whole, told = run_down()
    assert whole
    assert not paths.ADMINISTRATOR_KEY.exists()
    assert not process.is_alive()
    assert not any(place.exists() for place in (machine / "made", paths.STATE, paths.RUN))
    assert (paths.CACHE / "tool").exists()
    for words in (str(paths.CACHE), "make clean", str(paths.LOGS), "apt-get autoremove --purge buildah haproxy"):
        assert words in told


@pytest.mark.usefixtures("unmounted")
def test_a_failed_step_keeps_no_other_from_being_done_and_all_failures_are_told(machine: Path) -> None:
    checkout.claim()
    journal = open_journal()
    for name in ("first", "between", "last"):
        journal.record("cluster", Directory(path=machine / name))
    stuck(machine / "first")
    stuck(machine / "last")
    (machine / "between").mkdir()
    whole, told = run_down()
    assert not whole
    assert not (machine / "between").exists()
    assert not paths.PULUMI_BACKEND.exists()
    for name in ("first", "last"):
        assert told.count(f"directory {machine / name}: ") == 1
    assert "run `make down` again" in told
    # What is left is remembered, and still this checkout's.
    assert {entry.change.key for entry in open_journal().pending()} == {
        f"directory {machine / name}" for name in ("first", "last")
    }
    assert checkout.owner() == paths.REPOSITORY
    for name in ("first", "last"):
        subprocess.run(["umount", str(machine / name / "mounted")], check=True)
    assert run_down()[0]
    assert not (machine / "first").exists()
    assert not paths.STATE.exists()


@pytest.mark.usefixtures("unmounted")
def test_a_state_that_cannot_be_removed_is_told_and_the_rest_is_done(machine: Path) -> None:
    stuck(paths.STATE)
    journal = open_journal()
    journal.record("cluster", Directory(path=machine / "made"))
    (machine / "made").mkdir()
    whole, told = run_down()
    assert not whole
    assert f"{paths.STATE}/mounted is still mounted" in told
    assert not (machine / "made").exists()
    assert not paths.RUN.exists()


@pytest.mark.usefixtures("machine")
def test_a_failure_is_the_commands_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["patchbay_local", "down"])
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr(cli, "down", lambda _: False)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 1


@pytest.mark.usefixtures("machine")
def test_clean_removes_the_caches_and_names_what_stays() -> None:
    told = io.StringIO()
    paths.INSTALLED_PACKAGES.write_text("buildah\n")
    run_down()
    clean(Console(file=told, width=1000))
    assert not paths.CACHE.exists()
    for words in ("apt-get autoremove --purge buildah", str(paths.LOGS), "go clean -cache -modcache", ".venv"):
        assert words in told.getvalue()


def test_clean_goes_by_what_is_in_the_state_and_empties_a_disk_of_the_caches_own(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patchbay_local.machine.mounts.mount_points", lambda: [paths.STATE, paths.CACHE])
    remove_directory(paths.STATE)
    (paths.STATE / "lost+found").mkdir()
    clean(Console(file=io.StringIO()))
    assert list((machine / "cache").iterdir()) == []


@pytest.mark.usefixtures("machine")
def test_clean_is_refused_while_the_environment_is_up() -> None:
    (paths.STATE / "kubeconfig").touch()
    with pytest.raises(RuntimeError, match="run `make down` first"):
        clean(Console(file=io.StringIO()))
    assert (paths.CACHE / "tool").exists()


@pytest.fixture
def elsewhere(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Another checkout, which brought the environment up."""
    other = machine / "other"
    (other / "local" / "patchbay_local").mkdir(parents=True)
    with monkeypatch.context() as there:
        there.setattr(paths, "REPOSITORY", other)
        there.chdir(other)
        checkout.claim()
    _start_edge()
    yield other
    open_journal().undo()


def _start_edge() -> ProcessId:
    supervisor = Supervisor(run=paths.RUN, logs=paths.LOGS, journal=open_journal(), scope="edge")
    supervisor.ensure(Daemon(name="edge", argv=(sys.executable, "-c", "import time; time.sleep(600)")))
    process = supervisor.process("edge")
    assert process is not None
    return process


COMMANDS = ("up", "down", "test", "emulate", "bench", "nodes", "load", "compare", "faults", "latency", "env")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_second_checkout_is_told_of_the_first_and_changes_nothing(
    elsewhere: Path, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--stack", "dev"] if command == "emulate" else []
    monkeypatch.setattr(sys, "argv", ["patchbay_local", command, *options])
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    told = capsys.readouterr().err
    assert f"belongs to the checkout {elsewhere}" in told
    assert f"`make -C {elsewhere} down`" in told
    assert checkout.owner() == elsewhere
    assert paths.PULUMI_BACKEND.exists()


def test_every_command_that_is_not_for_any_checkout_is_in_the_test_above() -> None:
    names = {command.name for command in cli.app.registered_commands}
    assert names - cli._FOR_ANY_CHECKOUT == set(COMMANDS)


def test_the_environment_of_a_checkout_that_is_gone_can_be_taken_over(elsewhere: Path) -> None:
    (elsewhere / "local" / "patchbay_local").rmdir()
    checkout.require_ours()
    checkout.claim()
    assert checkout.owner() == paths.REPOSITORY


def test_what_a_crash_left_of_another_checkouts_environment_can_be_taken_over(elsewhere: Path) -> None:
    for entry in open_journal().pending():
        assert isinstance(entry.change, Process)
        stop(entry.change.processes(), grace_seconds=0)
    assert checkout.owner() == elsewhere
    checkout.claim()
    assert checkout.owner() == paths.REPOSITORY


def test_taking_over_is_refused_again_under_the_lock(elsewhere: Path) -> None:
    with pytest.raises(checkout.OtherCheckoutError, match=str(elsewhere)):
        checkout.claim()
