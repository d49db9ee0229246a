"""A full disk loses nothing that was saved, is told, and what is not saved yet is saved once there is room again."""

import contextlib
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import RLock

import pytest
from patchbay_local.deploy.emulator import Emulator
from patchbay_local.machine.journal import Journal
from patchbay_local.machine.processes import ProcessId
from patchbay_standins.aws import snapshot
from patchbay_standins.aws.saver import Saver

from tests.standins.aws.account import Account
from tests.standins.aws.conftest import ACCOUNT_ID

BEFORE, AFTER = "made-before", "made-on-a-full-disk"
SPACE_MIB = 32


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    options = f"size={SPACE_MIB}m"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "patchbay-test", str(place)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert mounted.returncode == 0, f"a file system of the test's own is needed: {mounted.stderr}"
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def on_disk(disk: Path, emulator: Emulator, journal: Journal) -> Iterator[Emulator]:
    """An emulator whose state is on that file system."""
    yield Emulator("own", emulator.port, disk / "state", emulator.account, run=emulator.run, logs=emulator.logs)
    journal.undo()


def fill(disk: Path) -> Path:
    """Takes all the room that is left."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    assert shutil.disk_usage(disk).free == 0
    return filler


def wait_for(what: str, holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def holds(state: Path, name: str) -> bool:
    return state.exists() and name.encode() in state.read_bytes()


def names(directory: Path) -> list[str]:
    return sorted(file.name for file in directory.iterdir())


def topics(emulator: Emulator) -> set[str]:
    listed = Account(emulator.url).client("sns").list_topics()["Topics"]
    return {topic["TopicArn"].rpartition(":")[2] for topic in listed}


def end(emulator: Emulator, journal: Journal, number: signal.Signals) -> None:
    pid = emulator.status(journal).pid
    process = ProcessId.of(pid) if pid else None
    assert process is not None
    process.send(number)
    wait_for("the emulator runs on", lambda: not process.is_alive())


def test_a_change_on_a_full_disk_is_told_and_saved_once_there_is_room(
    on_disk: Emulator, disk: Path, journal: Journal
) -> None:
    on_disk.up(journal)
    client, state = Account(on_disk.url).client("sns"), on_disk.directory / "state"
    client.create_topic(Name=BEFORE)
    wait_for("the first change was not saved", lambda: holds(state, BEFORE))
    assert on_disk.saving_failure() == ""
    saved = state.read_bytes()
    filler = fill(disk)
    client.create_topic(Name=AFTER)
    wait_for("the failure is not told", on_disk.saving_failure)
    assert f"{state} cannot be saved: OSError: [Errno 28] No space left on device" in on_disk.saving_failure()
    assert state.read_bytes() == saved
    # Each try makes a file, and has to remove it.
    wait_for("a try leaves a file", lambda: names(on_disk.directory) == ["lock", "state"])
    # It serves on meanwhile, and the log says it once.
    assert topics(on_disk) == {BEFORE, AFTER}
    assert (on_disk.logs / "aws-own.log").read_text().count("No space left") == 1
    filler.unlink()
    wait_for("the change was not saved", lambda: holds(state, AFTER))
    wait_for("the failure is told still", lambda: not on_disk.saving_failure())
    end(on_disk, journal, signal.SIGKILL)
    on_disk.up(journal)
    assert topics(on_disk) == {BEFORE, AFTER}


def test_what_was_saved_before_is_there_after_a_kill_on_a_full_disk(
    on_disk: Emulator, disk: Path, journal: Journal
) -> None:
    on_disk.up(journal)
    client, state = Account(on_disk.url).client("sns"), on_disk.directory / "state"
    client.create_topic(Name=BEFORE)
    wait_for("the first change was not saved", lambda: holds(state, BEFORE))
    filler = fill(disk)
    client.create_topic(Name=AFTER)
    wait_for("the failure is not told", on_disk.saving_failure)
    end(on_disk, journal, signal.SIGKILL)
    filler.unlink()
    on_disk.up(journal)
    assert topics(on_disk) == {BEFORE}


def test_the_last_save_is_tried_until_there_is_room(disk: Path) -> None:
    saver = _changed(disk, close_seconds=60)
    filler = fill(disk)
    assert not saver.save()
    filler.unlink()
    assert saver.close()
    assert snapshot.restore(disk / "state", ACCOUNT_ID)


def test_an_end_on_a_full_disk_tells_that_the_last_changes_are_lost(
    disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (disk / "state").write_bytes(b"saved before")
    saver = _changed(disk, close_seconds=0.1)
    fill(disk)
    assert not saver.close()
    assert "ended without saving the last changes" in capsys.readouterr().err
    assert (disk / "state").read_bytes() == b"saved before"


def _changed(disk: Path, *, close_seconds: float) -> Saver:
    """A saver that knows of a change."""
    saver = Saver(disk / "state", ACCOUNT_ID, RLock(), retry_seconds=0.01, close_seconds=close_seconds)
    saver.served("CreateTopic")
    return saver
