"""An emulated account and the engine's state of it go together: neither is left without the other."""

import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from patchbay_local.commands import down, up
from patchbay_local.commands.progress import Durations, Planned, Progress
from patchbay_local.deploy import environments
from patchbay_local.deploy.stack.backend import Backend
from patchbay_local.deploy.stack.stack import Stack
from patchbay_local.deploy.stack_config import StackConfig
from patchbay_local.kubernetes.cluster.spec import ClusterImages, ClusterSpec
from patchbay_local.machine import paths
from patchbay_local.machine.daemons import Daemon, Supervisor
from patchbay_local.machine.journal import open_journal
from rich.console import Console

from tests.emulated.deployment import Deployment


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    """Of an account that runs and that something was made in."""
    made = Deployment.of(StackConfig.read("dev"), tmp_path)
    made.emulation.start(made.journal)
    made.emulation.access.client("sns").create_topic(Name="oncall")
    yield made
    made.journal.undo()


def topics(deployment: Deployment) -> list[Any]:
    found: list[Any] = deployment.emulation.access.client("sns").list_topics()["Topics"]
    return found


def write_state(backend: Backend, stack: str) -> None:
    """As if the engine had deployed the stack."""
    backend.stack_file(stack).parent.mkdir(parents=True)
    backend.stack_file(stack).write_text("{}")


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Removals are killed before they delete anything."""

    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", interrupt)


def test_an_account_that_the_engine_has_no_stack_on_is_emptied_and_that_is_told(deployment: Deployment) -> None:
    told: list[str] = []
    deployment.emulation.start(deployment.journal, told.append)
    assert topics(deployment) == []
    assert told == ["the emulated AWS of dev is emptied: the engine has no stack on it"]


def test_an_account_that_the_engine_has_a_stack_on_is_kept(deployment: Deployment) -> None:
    write_state(deployment.emulation.stack.backend, "dev")
    told: list[str] = []
    deployment.emulation.start(deployment.journal, told.append)
    assert len(topics(deployment)) == 1
    assert told == []


@pytest.mark.usefixtures("interrupted")
def test_forgetting_that_is_killed_leaves_neither(deployment: Deployment) -> None:
    emulation = deployment.emulation
    with pytest.raises(KeyboardInterrupt):
        emulation.forget(deployment.journal)
    assert not emulation.directory.exists()
    assert not emulation.emulator.directory.exists()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in for all directories of the environment; no cluster is reached."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("the machine's cluster is not the test's")

    roots = {getattr(paths, name): tmp_path / name.lower() for name in ("STATE", "RUN", "LOGS", "CACHE")}
    for name, place in list(vars(paths).items()):
        for root, own in roots.items():
            if isinstance(place, Path) and place.is_relative_to(root):
                monkeypatch.setattr(paths, name, own / place.relative_to(root))
    for command in (up, down):
        monkeypatch.setattr(command, "Cluster", refuse)
    return tmp_path


SAVES_WHEN_IT_IS_STOPPED = """
import pathlib, signal, sys, time
def save(*_):
    place = pathlib.Path(sys.argv[1])
    place.mkdir(parents=True, exist_ok=True)
    (place / "state").touch()
    sys.exit()
signal.signal(signal.SIGTERM, save)
pathlib.Path(sys.argv[2]).touch()
time.sleep(600)
"""


@pytest.mark.usefixtures("interrupted")
def test_going_down_that_is_killed_leaves_neither_accounts_nor_states(machine: Path) -> None:
    journal = open_journal()
    for directory in (paths.PULUMI_BACKEND, paths.EMULATIONS / "dev", paths.EMULATORS / "dev"):
        directory.mkdir(parents=True)
    started = machine / "started"
    argv = (sys.executable, "-c", SAVES_WHEN_IT_IS_STOPPED, str(paths.EMULATORS / "dev"), str(started))
    supervisor = Supervisor(run=paths.RUN, logs=paths.LOGS, journal=journal, scope="aws-dev")
    supervisor.ensure(Daemon(name="aws-dev", argv=argv))
    while not started.exists():
        assert supervisor.process("aws-dev")
        time.sleep(0.02)
    try:
        with pytest.raises(KeyboardInterrupt):
            down._put_back(journal, lambda _: None)
        assert not any(place.exists() for place in (paths.PULUMI_BACKEND, paths.EMULATIONS, paths.EMULATORS))
    finally:
        journal.undo()
    assert not paths.EMULATORS.exists()


class FakeCluster:
    """Starts nothing."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def up(self) -> None:
        pass


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("deployed", [False, True])
def test_going_up_empties_an_account_that_the_engine_has_no_stack_on(
    deployment: Deployment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    deployed: bool,
) -> None:
    def nothing(*_: Any, **__: Any) -> None:
        pass

    stack = Stack("local", Backend(tmp_path / "backend"))
    if deployed:
        write_state(stack.backend, "local")
    monkeypatch.setattr(up, "open_journal", lambda: deployment.journal)
    monkeypatch.setattr(up, "Cluster", FakeCluster)
    for module in ("node_registry", "network_policy", "edge", "agent"):
        monkeypatch.setattr(f"patchbay_local.commands.up.{module}.up", nothing)
    monkeypatch.setattr(environments, "emulator", lambda: deployment.emulation.emulator)
    monkeypatch.setattr(environments, "local", lambda: stack)
    progress = Progress(
        Console(), [Planned(name, name) for name in ("cluster", "edge", "aws")], Durations(tmp_path / "durations", {})
    )
    up._start_cluster(progress, ClusterSpec(images=ClusterImages(pause="none", coredns="none")))
    assert bool(topics(deployment)) is deployed
    assert ("the emulated AWS of dev is emptied" in capsys.readouterr().out) is not deployed
