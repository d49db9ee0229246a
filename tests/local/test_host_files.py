"""What is listed and then read may be gone in between: then it is left out, and nothing fails."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from patchbay_local.deploy.stack.backend import PROJECT, Backend
from patchbay_local.kubernetes.cluster.records import load_records
from patchbay_local.machine import paths
from patchbay_local.machine.files import contents, entries, files_below

RECORD = (
    '{"spec": {"instance_id": "i-%017x", "zone": "eu-central-1a", "instance_type": "t", "group": "flows"}, "index": %d}'
)
ROUNDS = 1500


@contextmanager
def going(change: Callable[[int], None]) -> Iterator[None]:
    """Calls `change` over and over, with the number of the round, until the block has ended."""
    ended = threading.Event()

    def run() -> None:
        number = 0
        while not ended.is_set():
            change(number)
            number += 1

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_nodes_that_come_and_go_while_they_are_listed_are_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "NODES", tmp_path)
    staying = tmp_path / "staying"
    staying.mkdir()
    (staying / "node.json").write_text(RECORD % (0, 0))

    def come_and_go(number: int) -> None:
        node = tmp_path / f"node-{number % 7}"
        if node.exists():
            shutil.rmtree(node)
        else:
            node.mkdir()
            (node / ".new").write_text(RECORD % (1 + number % 7, 1))
            (node / ".new").rename(node / "node.json")

    with going(come_and_go):
        for _ in range(ROUNDS):
            assert "i-00000000000000000" in load_records()


def test_locks_that_are_given_back_while_they_are_listed_are_no_failure(tmp_path: Path) -> None:
    backend = Backend(tmp_path)
    directory = tmp_path / ".pulumi" / "locks" / "organization" / PROJECT / "dev"

    def take_and_give_back(number: int) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        lock = directory / f"{number % 5}.json"
        if lock.exists():
            lock.unlink()
        else:
            lock.write_text('{"pid": 1, "hostname": "elsewhere"}')
        if number % 20 == 0:
            shutil.rmtree(directory)

    with going(take_and_give_back):
        for _ in range(ROUNDS):
            assert all(lock.host == "elsewhere" for lock in backend.locks("dev"))


def test_folders_that_vanish_while_all_below_is_read_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")

    def come_and_go(number: int) -> None:
        deep = tmp_path / "a" / "b" / f"c{number % 3}"
        deep.mkdir(parents=True, exist_ok=True)
        (deep / "file").write_text("x")
        if number % 4 == 3:
            shutil.rmtree(tmp_path / "a")

    with going(come_and_go):
        for _ in range(ROUNDS // 3):
            assert (tmp_path / "kept", b"kept") in list(contents(files_below(tmp_path)))


def test_what_is_there_and_cannot_be_read_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        list(contents([tmp_path]))


def test_a_folder_that_is_not_there_has_nothing_in_it(tmp_path: Path) -> None:
    assert entries(tmp_path / "none") == []
    assert files_below(tmp_path / "none") == []


def test_no_listing_in_these_rooms_goes_past_the_helper() -> None:
    """`glob`, `iterdir` and `rglob` raise where a folder vanishes under them, and their files may be gone when read."""
    allowed = {
        "local/patchbay_local/machine/files.py",
        # The repository's own files, of which nothing but the names are told.
        "local/patchbay_local/deploy/stack_config.py",
    }
    rooms = (paths.REPOSITORY / "local", paths.REPOSITORY / "standins" / "patchbay_standins" / "aws")
    found = {
        str(source.relative_to(paths.REPOSITORY))
        for room in rooms
        for source in room.rglob("*.py")
        for call in (".glob(", ".rglob(", ".iterdir(", "os.listdir(", "os.scandir(")
        if call in source.read_text()
    }
    assert found <= allowed
