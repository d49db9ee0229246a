"""Directories are removed whole, never through a mount, and an interrupted removal leaves none half there."""

import errno
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from patchbay_local.machine import mounts, paths
from patchbay_local.machine.changes import Directory
from patchbay_local.machine.mounts import holds_nothing, remove_directories, remove_directory, remove_leftovers
from patchbay_local.machine.programs import HostError

Mounted = Callable[..., None]


@pytest.fixture
def mounted(monkeypatch: pytest.MonkeyPatch) -> Mounted:
    """File systems seem to be mounted at these places, and nowhere else."""

    def use(*places: Path) -> None:
        monkeypatch.setattr(mounts, "mount_points", lambda: [Path("/"), *places])

    return use


def filled(directory: Path) -> Path:
    (directory / "inner").mkdir(parents=True)
    (directory / "inner" / "file").write_text("text")
    (directory / "file").write_text("text")
    return directory


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From now on a removal is killed after it deleted a part; the answer lets removals run to their end again."""
    whole = shutil.rmtree

    def delete_a_part(path: Path, **_: Any) -> None:
        next(file for file in path.rglob("*") if file.is_file()).unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", delete_a_part)
    return lambda: monkeypatch.setattr(shutil, "rmtree", whole)


def test_a_mount_point_is_emptied_and_stays(tmp_path: Path, mounted: Mounted) -> None:
    disk = filled(tmp_path / "disk")
    (disk / "lost+found").mkdir()
    mounted(disk)
    for _ in range(2):
        remove_directory(disk)
        assert [entry.name for entry in disk.iterdir()] == ["lost+found"]
        assert holds_nothing(disk)


def test_what_is_mounted_below_a_mount_point_is_an_obstacle(tmp_path: Path, mounted: Mounted) -> None:
    disk = filled(tmp_path / "disk")
    mounted(disk, disk / "inner")
    with pytest.raises(HostError, match=f"{disk}/inner is still mounted"):
        remove_directory(disk)
    assert (disk / "inner" / "file").exists()


def test_the_target_of_a_link_is_emptied_and_both_stay(tmp_path: Path, mounted: Mounted) -> None:
    disk, link = filled(tmp_path / "disk"), tmp_path / "link"
    link.symlink_to(disk)
    mounted(disk / "inner")
    with pytest.raises(HostError, match="still mounted"):
        remove_directory(link)
    mounted()
    remove_directory(link)
    assert link.is_symlink()
    assert list(disk.iterdir()) == []


def test_undoing_a_directory_never_deletes_through_a_mount(tmp_path: Path, mounted: Mounted) -> None:
    made = filled(tmp_path / "made")
    mounted(made / "inner")
    with pytest.raises(HostError, match=f"{made}/inner is still mounted"):
        Directory(path=made).undo()
    assert (made / "inner" / "file").exists()
    mounted()
    for _ in range(2):
        Directory(path=made).undo()
        assert list(tmp_path.iterdir()) == []


def test_mount_points_are_read_with_every_character_that_the_kernel_escapes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "mountinfo"
    table.write_text("36 35 98:0 / /a\\040b\\011c\\134d rw - ext4 /dev/sda rw\n")
    read = Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda _: read(table))
    assert mounts.mount_points() == [Path("/a b\tc\\d")]


def test_an_interruption_leaves_no_directory_under_its_name(
    tmp_path: Path, mounted: Mounted, interrupted: Callable[[], None]
) -> None:
    mounted()
    first, second = filled(tmp_path / "first"), filled(tmp_path / "second")
    with pytest.raises(KeyboardInterrupt):
        remove_directories(first, second)
    assert not first.exists()
    assert not second.exists()
    interrupted()
    filled(first)
    remove_directories(first, second)
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_leaves_nothing_of_a_mount_point_under_its_name(
    tmp_path: Path, mounted: Mounted, interrupted: Callable[[], None]
) -> None:
    mounted(tmp_path)
    filled(tmp_path / "tool")
    with pytest.raises(KeyboardInterrupt):
        remove_directory(tmp_path)
    assert not (tmp_path / "tool").exists()
    assert holds_nothing(tmp_path)
    interrupted()
    remove_directory(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_interrupted_removals_left_is_deleted_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interrupted: Callable[[], None], mounted: Mounted
) -> None:
    mounted()
    for name in ("CACHE", "STATE", "RUN"):
        monkeypatch.setattr(paths, name, tmp_path / name.lower())
    for removed in (paths.RUN, filled(paths.CACHE / "tools" / "go"), paths.STATE / "aws"):
        filled(removed / "part")
        with pytest.raises(KeyboardInterrupt):
            remove_directory(removed)
    kept = filled(paths.CACHE / "tools" / "kept")
    interrupted()
    told: list[str] = []
    for _ in range(2):
        remove_leftovers(told.append)
    assert len(told) == 1
    for name in ("run.removing", "cache/tools/go.removing", "state/aws.removing"):
        assert str(tmp_path / name) in told[0]
    assert sorted(tmp_path.rglob("*.removing")) == []
    assert (kept / "inner" / "file").exists()


def test_a_directory_that_its_file_system_does_not_rename_is_deleted_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mounted: Mounted
) -> None:
    def refuse(*_: Path) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    mounted()
    monkeypatch.setattr(Path, "rename", refuse)
    remove_directory(filled(tmp_path / "lower"))
    assert list(tmp_path.iterdir()) == []
