"""What faults change of this machine is put back, also when the run is killed."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from patchbay_loadtests.cli import app
from patchbay_loadtests.core.cluster import Cluster
from patchbay_loadtests.core.restoration import Entry, Restoring
from patchbay_loadtests.faults.machine import place
from patchbay_loadtests.faults.machine.leftovers import Stopped, leftovers, new_record
from patchbay_loadtests.faults.machine.lock import alone
from patchbay_loadtests.faults.options import Options
from patchbay_local.machine.processes import ProcessId
from typer.testing import CliRunner

from tests.loadtests.faults.small_environment import Handler, SmallEnvironment, environment, kubeconfig


@pytest.fixture
def small() -> Iterator[SmallEnvironment]:
    with environment() as server:
        yield server


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def stopped(sleeper: subprocess.Popen[bytes], state: Path) -> Stopped:
    process = ProcessId.of(sleeper.pid)
    assert process
    return Stopped(record=new_record(state), process=process)


def stop(sleeper: subprocess.Popen[bytes]) -> None:
    os.kill(sleeper.pid, signal.SIGSTOP)
    wait_for(lambda: state_of(sleeper.pid) == "T")


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def test_a_stopped_process_goes_on_and_is_forgotten(
    small: SmallEnvironment, tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    undo = stopped(sleeper, tmp_path)
    async with Restoring(kubeconfig(small, tmp_path), None, undo):
        assert leftovers(tmp_path) == [undo]
        stop(sleeper)
    wait_for(lambda: state_of(sleeper.pid) == "S")
    assert not leftovers(tmp_path)


async def test_the_next_run_lets_it_go_on_when_the_process_that_should_was_killed_too(
    small: SmallEnvironment, tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    file = kubeconfig(small, tmp_path)
    restoring = Restoring(file, None, stopped(sleeper, tmp_path))
    await restoring.__aenter__()
    stop(sleeper)
    restoring._process.kill()
    await restoring._process.wait()
    assert state_of(sleeper.pid) == "T"
    async with Cluster(file, None) as cluster:
        for undo in leftovers(tmp_path):
            await undo.put_back(cluster)
    wait_for(lambda: state_of(sleeper.pid) == "S")
    assert not leftovers(tmp_path)


def test_the_command_puts_back_this_machine_and_looks_wherever_load_tests_and_faults_change_something(
    small: SmallEnvironment, tmp_path: Path, sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    answer = Handler.do_GET

    def watched(handler: Handler) -> None:
        asked.append(handler.path)
        answer(handler)

    monkeypatch.setattr(Handler, "do_GET", watched)
    monkeypatch.setattr(place, "STATE", tmp_path)
    monkeypatch.setattr(place, "KUBECONFIG", kubeconfig(small, tmp_path))
    left = stopped(sleeper, tmp_path)
    left.record.parent.mkdir()
    left.record.write_text(Entry.of(left).model_dump_json())
    stop(sleeper)
    done = CliRunner().invoke(app, ["put-back", "--faults"])
    assert done.exit_code == 0, done.output
    assert done.output == f"put back what a run that was killed had changed: process {sleeper.pid}\n"
    wait_for(lambda: state_of(sleeper.pid) == "S")
    assert not leftovers(tmp_path)
    looked_at = {path.partition("/namespaces/")[2].split("/")[0] for path in asked if "/namespaces/" in path}
    assert looked_at == {*Options().namespaces, "patchbay-headroom"}
    assert "/api/v1/nodes" in asked


def test_what_a_run_of_faults_has_just_changed_is_not_put_back_beneath_it(
    small: SmallEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "STATE", tmp_path)
    monkeypatch.setattr(place, "KUBECONFIG", kubeconfig(small, tmp_path))
    (tmp_path / "leftovers").mkdir()
    (tmp_path / "leftovers" / "left.json").write_text("{}")
    with alone(tmp_path):
        done = CliRunner().invoke(app, ["put-back", "--faults"])
    assert (done.exit_code, "faults are being run by another process" in done.output) == (2, True), done.output
    assert (tmp_path / "leftovers" / "left.json").exists()


def test_the_command_without_faults_leaves_this_machine_alone_and_wants_a_kubeconfig(
    small: SmallEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "STATE", tmp_path)
    (tmp_path / "leftovers").mkdir()
    (tmp_path / "leftovers" / "left.json").write_text("{}")
    assert CliRunner().invoke(app, ["put-back"]).exit_code == 2
    done = CliRunner().invoke(app, ["put-back", "--kubeconfig", str(kubeconfig(small, tmp_path))])
    assert (done.exit_code, done.output) == (0, "")
    assert (tmp_path / "leftovers" / "left.json").exists()
