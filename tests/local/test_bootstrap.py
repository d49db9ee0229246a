"""Bringing the environment up: packages, and one run at a time."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import typer
from patchbay_local import cli
from patchbay_local.commands import checks
from patchbay_local.machine import checkout, mounts, packages, paths
from patchbay_local.machine.mounts import remove_directory
from patchbay_local.machine.processes import ProcessId
from patchbay_local.machine.programs import CommandError, HostError, run, terminate_all
from patchbay_local.machine.single_run import AlreadyRunningError, only_one
from rich.console import Console

from tests.waiting import until


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "policy-rc.d"
    monkeypatch.setattr(packages, "_POLICY", file)
    monkeypatch.setattr(packages, "_POLICY_SAVED", tmp_path / "policy-rc.d.saved")
    return file


def test_services_stay_stopped_while_packages_are_installed(policy: Path) -> None:
    with packages.services_stay_stopped():
        assert subprocess.run([policy], check=False).returncode == 101
    assert not policy.exists()


def test_the_machines_own_service_policy_is_put_back_after_a_failure(policy: Path) -> None:
    policy.write_text("the machine's own")
    with pytest.raises(ValueError, match="apt failed"), packages.services_stay_stopped():
        raise ValueError("apt failed")
    assert policy.read_text() == "the machine's own"


def test_the_machines_own_service_policy_survives_a_killed_installation(policy: Path) -> None:
    policy.write_text("the machine's own")
    killed = packages.services_stay_stopped()
    killed.__enter__()  # and never left, as after SIGKILL
    with packages.services_stay_stopped():
        pass
    assert policy.read_text() == "the machine's own"


def test_a_policy_that_is_a_link_is_put_back_as_one_and_what_it_leads_to_is_left_alone(policy: Path) -> None:
    alternative = policy.with_name("alternative")
    alternative.write_text("another package's")
    policy.symlink_to(alternative)
    with packages.services_stay_stopped():
        assert subprocess.run([policy], check=False).returncode == 101
        assert alternative.read_text() == "another package's"
    assert policy.readlink() == alternative
    assert alternative.read_text() == "another package's"
    killed = packages.services_stay_stopped()
    killed.__enter__()
    packages.restore_service_policy()
    assert policy.readlink() == alternative


def test_only_missing_packages_are_installed() -> None:
    assert packages.missing(["dpkg", "no-such-package-in-debian"]) == ["no-such-package-in-debian"]


def test_the_shell_checks_program_is_installed_where_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed: list[str] = []
    monkeypatch.setattr("patchbay_local.machine.single_run._LOCK", tmp_path / "lock")
    monkeypatch.setattr(packages, "install", lambda names, _: installed.extend(names))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert checks.ensure_shellcheck(Console())
    assert installed == ["shellcheck"]


def test_who_may_not_install_the_shell_checks_program_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not checks.ensure_shellcheck(Console())
    assert "install the package, or run this once as root" in capsys.readouterr().out


def test_an_installation_tells_how_far_it_is() -> None:
    seen: list[float | None] = []
    count = packages.AptCount(lambda _, fraction: seen.append(fraction))
    count.see("0 upgraded, 2 newly installed, 0 to remove")
    lines = ("Get:1 a", "Get:2 b", "Unpacking a (1)", "Unpacking b (1)", "Setting up a (1)", "Setting up b (1)")
    for line in lines:
        count.see(line)
    assert seen == sorted(seen, key=lambda share: share or 0)
    assert seen[-1] == 1.0


def test_a_second_up_at_the_same_time_is_told_who_is_at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("patchbay_local.machine.single_run._LOCK", tmp_path / "lock")
    with only_one("make up"), pytest.raises(AlreadyRunningError, match=rf"make up.*{os.getpid()}"), only_one("make up"):
        pass
    with only_one("make down"):
        pass


def test_a_failed_program_is_told_with_the_end_of_its_output_and_its_log(tmp_path: Path) -> None:
    script = "import sys; print('the reason'); sys.exit(3)"
    with pytest.raises(CommandError, match="the reason") as caught:
        run([sys.executable, "-c", script], log=tmp_path / "log")
    assert caught.value.code == 3
    assert str(tmp_path / "log") in str(caught.value)
    assert "the reason" in (tmp_path / "log").read_text()


def test_an_interruption_stops_what_other_threads_run() -> None:
    failures: list[CommandError] = []
    started = threading.Event()

    def work() -> None:
        try:
            script = "import time; print('up', flush=True); time.sleep(60)"
            run([sys.executable, "-c", script], on_line=lambda _: started.set())
        except CommandError as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert started.wait(30)
    terminate_all()
    thread.join(30)
    assert not thread.is_alive()
    assert failures


def test_bootstrap_refuses_a_user_who_is_not_root() -> None:
    script = paths.REPOSITORY / "local" / "bootstrap.sh"
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "bash", "-s"],
        input=script.read_text().replace('cd "$(dirname "$0")/.."', "cd /"),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "not root" in done.stderr


@dataclass(frozen=True)
class Checkout:
    """A directory with bootstrap.sh, and stand-ins for the programs of Debian that it runs."""

    root: Path

    def bootstrap(self) -> str:
        """Run it; returns what the programs were called with since the last run."""
        calls = self.root.parent / "calls"
        calls.write_text("")
        done = subprocess.run(
            ["bash", self.root / "local" / "bootstrap.sh"],
            env=os.environ | {"PATH": f"{self.root.parent / 'programs'}:{os.environ['PATH']}"},
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return calls.read_text()


_STAND_INS = {
    "apt-get": """case "$*" in *" check") exit 100 ;; *" install "*) touch TOP/has-python ;; esac""",
    "dpkg": "",
    "dpkg-query": """[ "$4" = python3 ] && echo installed""",
    "python3": """
        case "$*" in
            *ensurepip*) [ -e TOP/has-python ] ;;
            -V) cat TOP/version ;;
            *"-m venv "*)
                mkdir -p .venv/bin
                cp TOP/programs/python3 .venv/bin/python
                echo "#!$(pwd -P)/.venv/bin/python" > .venv/bin/pip ;;
        esac""",
}


@pytest.fixture
def copied(tmp_path: Path) -> Checkout:
    made, programs = tmp_path / "checkout", tmp_path / "programs"
    for directory in (made / "local", made / "requirements", programs):
        directory.mkdir(parents=True)
    for name, script in _STAND_INS.items():
        text = f'#!/bin/sh\necho "{name} $*" >> TOP/calls\n{script}\n'.replace("TOP", str(tmp_path))
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    text = (paths.REPOSITORY / "local" / "bootstrap.sh").read_text()
    for place, instead in (
        ("/usr/bin/python3", programs / "python3"),
        (str(paths.INSTALLED_PACKAGES), tmp_path / "cache" / "installed"),
    ):
        text = text.replace(place, str(instead))
    (made / "local" / "bootstrap.sh").write_text(text)
    (made / "requirements" / "dev.txt").write_text("one==1\n")
    (made / "pyproject.toml").touch()
    (tmp_path / "version").write_text("Python 3.12.1\n")
    return Checkout(made)


def test_bootstrap_completes_what_was_cut_off_waits_for_apts_lock_and_names_what_it_installed(
    copied: Checkout,
) -> None:
    calls = copied.bootstrap().splitlines()
    (completed,) = (place for place, call in enumerate(calls) if call == "dpkg --configure -a")
    apt = [place for place, call in enumerate(calls) if call.startswith("apt-get ")]
    assert all("-o DPkg::Lock::Timeout=300" in calls[place] for place in apt)
    assert [calls[place].split()[4] for place in apt] == ["check", "update", "install"]
    assert apt[0] < completed < apt[1]
    # The stand-in says that only python3 was there.
    assert (copied.root.parent / "cache" / "installed").read_text() == "python3-venv\n"


def test_the_python_environment_is_made_anew_in_a_copy_and_for_another_python_and_else_only_once(
    copied: Checkout,
) -> None:
    assert "-m venv" in copied.bootstrap()
    assert "-m pip" not in copied.bootstrap()
    other = copied.root.with_name("copy")
    shutil.copytree(copied.root, other, symlinks=True)
    copy = replace(copied, root=other)
    # Its scripts name the first one's Python.
    assert "python3 -m venv --clear .venv" in copy.bootstrap()
    assert "-m pip" not in copy.bootstrap()
    assert "-m pip" not in copied.bootstrap()
    (copied.root.parent / "version").write_text("Python 3.13.0\n")
    assert "-m pip" in copied.bootstrap()
    other.rename(other.with_name("moved"))
    assert "-m pip" in replace(copied, root=other.with_name("moved")).bootstrap()


def test_a_program_of_another_checkout_than_the_one_it_is_called_in_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "STATE", tmp_path / "state")
    monkeypatch.chdir(tmp_path)
    checkout.require_ours()
    (tmp_path / "Makefile").touch()
    (tmp_path / "local" / "patchbay_local").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "local")
    with pytest.raises(checkout.OtherCheckoutError) as refused:
        checkout.require_ours()
    for told in (str(tmp_path), str(paths.REPOSITORY), f"make -C {tmp_path} environment"):
        assert told in str(refused.value)
    monkeypatch.chdir(paths.REPOSITORY / "local")
    checkout.require_ours()


def test_going_down_never_deletes_through_a_mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kept").write_text("kept")
    monkeypatch.setattr(mounts, "mount_points", lambda: [Path("/"), tmp_path / "mounted"])
    with pytest.raises(HostError, match="still mounted"):
        remove_directory(tmp_path)
    assert (tmp_path / "kept").read_text() == "kept"
    monkeypatch.setattr(mounts, "mount_points", lambda: [Path("/")])
    remove_directory(tmp_path)
    assert not tmp_path.exists()


def test_a_started_program_does_not_outlive_a_killed_make_up(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    child = f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    parent = f"import sys; from patchbay_local.machine.programs import run; run([sys.executable, '-c', {child!r}])"
    with subprocess.Popen([sys.executable, "-c", parent]) as process:
        try:
            until(lambda: pid_file.exists() and pid_file.read_text() != "", within=30)
            started = ProcessId.of(int(pid_file.read_text()))
        finally:
            process.kill()
    assert started
    until(lambda: not started.is_alive(), within=30)


@pytest.mark.parametrize(
    ("raised", "code", "told"),
    [
        (RuntimeError("too little memory"), 2, "error: too little memory"),
        (KeyboardInterrupt(), 130, "make up` goes on from here"),
        (typer.Exit(1), 1, ""),
    ],
)
def test_each_end_of_make_up_has_its_exit_code_and_words(
    raised: BaseException,
    code: int,
    told: str,
    *,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(paths, "STATE", tmp_path)

    def fail(*_: object) -> bool:
        raise raised

    monkeypatch.setattr(cli, "up", fail)
    monkeypatch.setattr(sys, "argv", ["patchbay_local", "up"])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == code
    shown = capsys.readouterr()
    assert told in shown.out + shown.err
    assert "Traceback" not in shown.err
