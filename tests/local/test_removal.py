"""Directories are removed whole, never through a mount, and an interrupted removal leaves none half there."""

import errno
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from patchbay_local.build.own_environments import OwnEnvironment
from patchbay_local.build.tools import build
from patchbay_local.build.tools.download import Downloads
from patchbay_local.build.tools.go import Go
from patchbay_local.build.tools.modules import GoModule
from patchbay_local.commands import up
from patchbay_local.commands.clean import clean
from patchbay_local.deploy import environments
from patchbay_local.kubernetes.cluster.records import add_record, load_records
from patchbay_local.kubernetes.cluster.spec import NodeSpec
from patchbay_local.machine import mounts, paths, preflight
from patchbay_local.machine.changes import Directory
from patchbay_local.machine.mounts import holds_nothing, remove_directories, remove_directory, remove_leftovers
from patchbay_local.machine.programs import HostError
from rich.console import Console

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


def test_a_node_whose_removal_is_killed_is_no_node_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mounted: Mounted, interrupted: Callable[[], None]
) -> None:
    mounted()
    monkeypatch.setattr(paths, "NODES", tmp_path / "nodes")
    node = NodeSpec(instance_id="i-00000000000000001", zone="eu-central-1a", instance_type="m7g.large", group="flows")
    record = add_record(node)
    with pytest.raises(KeyboardInterrupt):
        Directory(path=record.directory).undo()
    assert load_records() == {}
    again = add_record(node)
    interrupted()
    Directory(path=again.directory).undo()
    assert [entry.name for entry in paths.NODES.iterdir()] == ["last-index"]


def test_a_directory_that_its_file_system_does_not_rename_is_deleted_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mounted: Mounted
) -> None:
    def refuse(*_: Path) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    mounted()
    monkeypatch.setattr(Path, "rename", refuse)
    remove_directory(filled(tmp_path / "lower"))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mounted: Mounted) -> Path:
    """Stands in for the machine's caches; there is no other directory of the environment."""
    mounted()
    roots = {getattr(paths, name): tmp_path / name.lower() for name in ("STATE", "RUN", "LOGS", "CACHE")}
    for name, place in list(vars(paths).items()):
        for root, own in roots.items():
            if isinstance(place, Path) and place.is_relative_to(root):
                monkeypatch.setattr(paths, name, own / place.relative_to(root))
    monkeypatch.setattr(build, "KEDA_CONFIG", paths.TOOLS / "keda-config")
    monkeypatch.setattr("patchbay_local.machine.single_run._LOCK", tmp_path / "lock")
    return paths.CACHE


def test_a_clean_that_is_killed_leaves_no_build_that_seems_complete(
    cache: Path, interrupted: Callable[[], None]
) -> None:
    filled(paths.TOOLS / "pulumi-1234")
    with pytest.raises(KeyboardInterrupt):
        clean(Console(quiet=True))
    assert not (paths.TOOLS / "pulumi-1234").exists()
    interrupted()
    clean(Console(quiet=True))
    assert list(cache.parent.glob("cache*")) == []


@pytest.mark.usefixtures("cache", "interrupted")
def test_an_older_build_whose_removal_is_killed_does_not_seem_complete(tmp_path: Path) -> None:
    older = filled(paths.TOOLS / "hello-older")
    with pytest.raises(KeyboardInterrupt):
        build._remove_older(GoModule("hello", tmp_path, (), {}, {}), keep=paths.TOOLS / "hello-newer")
    assert not older.exists()


@pytest.mark.usefixtures("cache", "interrupted")
def test_an_older_download_whose_removal_is_killed_does_not_seem_complete() -> None:
    older = filled(paths.TOOLS / "downloaded-older")
    with pytest.raises(KeyboardInterrupt):
        Downloads(source=None).tidy()
    assert not older.exists()


@pytest.mark.usefixtures("cache", "interrupted")
def test_an_environment_of_its_own_whose_removal_is_killed_does_not_seem_installed(tmp_path: Path) -> None:
    older = filled(tmp_path / "checkov" / "older")
    with pytest.raises(KeyboardInterrupt):
        OwnEnvironment("checkov", tmp_path / "checkov").install()
    assert not older.exists()


@pytest.mark.usefixtures("cache", "interrupted")
def test_a_configuration_of_keda_whose_removal_is_killed_does_not_seem_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "_source_directory", lambda *_: tmp_path)
    filled(build.KEDA_CONFIG)
    (build.KEDA_CONFIG / ".version").write_text("older")
    with pytest.raises(KeyboardInterrupt):
        build.copy_keda_configuration(Go(Path("go"), "go1.26"))
    assert not build.KEDA_CONFIG.exists()


@pytest.mark.usefixtures("cache")
def test_going_up_deletes_what_a_killed_clean_left_before_the_free_space_is_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class MeasuredError(Exception):
        """The free space is measured."""

    def measure() -> None:
        raise MeasuredError

    left = filled(paths.TOOLS / "pulumi-1234.removing")
    monkeypatch.setattr(environments, "require_agreement", lambda: None)
    monkeypatch.setattr(preflight, "measure", measure)
    with pytest.raises(MeasuredError):
        up.up(Console(quiet=True), up.Options())
    assert not left.exists()
