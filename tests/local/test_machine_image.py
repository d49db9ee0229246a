"""The disk that a node begins with."""

import subprocess
from pathlib import Path

import pytest
from patchbay_local.kubernetes.cluster import machine_image
from patchbay_local.kubernetes.cluster.machine_image import ensure_image, image_of, make_disk
from patchbay_local.kubernetes.cluster.spec import ClusterImages
from patchbay_local.machine import paths

GIB = 1024**3
PAUSE, RUNTIME = "registry.example/pause@sha256:1", "registry.example/runtime@sha256:2"


def images(*preloaded: str) -> ClusterImages:
    return ClusterImages(pause=PAUSE, coredns="registry.example/coredns@sha256:3", preloaded=preloaded)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """As large as a machine image, with one file."""
    content = tmp_path / "content"
    content.mkdir()
    (content / "layer").write_text("unpacked")
    file = tmp_path / "machine.img"
    with file.open("xb") as disk:
        disk.truncate(machine_image._IMAGE_GIB * GIB)
    subprocess.run(["mkfs.ext4", "-q", "-O", "^has_journal", "-d", content, file], check=True)
    return file


def listing(disk: Path) -> str:
    return subprocess.run(["debugfs", "-R", "ls -p /", disk], check=True, capture_output=True, text=True).stdout


def bytes_of(disk: Path) -> int:
    told = subprocess.run(["dumpe2fs", "-h", disk], check=True, capture_output=True, text=True).stdout
    fields = dict(line.split(":", 1) for line in told.splitlines() if ":" in line)
    return int(fields["Block count"]) * int(fields["Block size"])


def sound(disk: Path) -> bool:
    return subprocess.run(["e2fsck", "-fn", disk], check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize("gib", [4, 50])
def test_a_disk_has_what_the_machine_image_has_and_the_size_of_its_instance_s(
    tmp_path: Path, image: Path, gib: int
) -> None:
    disk = tmp_path / "disk.img"
    make_disk(disk, gib, image)
    assert "/layer/" in listing(disk)
    assert bytes_of(disk) == gib * GIB
    assert sound(disk)


def test_a_disk_takes_no_more_of_this_machine_than_is_written_to_it(tmp_path: Path, image: Path) -> None:
    disk = tmp_path / "disk.img"
    make_disk(disk, 50, image)
    assert disk.stat().st_blocks * 512 < GIB


@pytest.mark.parametrize("gib", [1, 50])
def test_without_an_image_or_with_too_little_room_for_one_a_disk_begins_empty(
    tmp_path: Path, image: Path, gib: int
) -> None:
    disk = tmp_path / "disk.img"
    make_disk(disk, gib, image if gib == 1 else tmp_path / "none.img")
    assert "/layer/" not in listing(disk)
    assert bytes_of(disk) == gib * GIB


def test_each_set_of_images_has_a_machine_image_of_its_own() -> None:
    both, one = image_of(images(PAUSE, RUNTIME)), image_of(images(PAUSE))
    assert both != one
    assert both == image_of(images(PAUSE, RUNTIME))


def test_where_nothing_is_to_be_on_the_disks_no_image_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "MACHINE_IMAGES", tmp_path)
    ensure_image(images())
    assert list(tmp_path.iterdir()) == []
