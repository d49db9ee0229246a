"""The disk that a node begins with: the images that most pods run are on it, unpacked, as in a cloud's machine image.

A node of one processor takes seven seconds to fetch and unpack the runtime; a copy of the disk takes less than one.
"""

import hashlib
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from patchbay_local.kubernetes.cluster import node_files
from patchbay_local.kubernetes.cluster.spec import ClusterImages
from patchbay_local.machine import addresses, paths
from patchbay_local.machine.files import entries
from patchbay_local.machine.programs import run

_GIB: Final = 1024**3
# What a disk that has an image must at least be; the images take a fraction of it.
_IMAGE_GIB: Final = 4
_BUILD_SECONDS: Final = 180.0
_RECIPE: Final = Path(__file__).parent / "templates" / "machine-image.sh"
# Without a journal: the node's disk is made anew where the machine has crashed.
_FORMAT: Final = ("mkfs.ext4", "-q", "-O", "^has_journal", "-E", "lazy_itable_init=1,nodiscard", "-m", "0")


def image_of(images: ClusterImages) -> Path:
    """Where the machine image with these images is, or is to be."""
    content = "\0".join([*images.preloaded, *_FORMAT, _RECIPE.read_text()])
    return paths.MACHINE_IMAGES / f"{hashlib.sha256(content.encode()).hexdigest()[:16]}.img"


def ensure_image(images: ClusterImages) -> None:
    """Makes the machine image unless it is there, which takes some ten seconds; the registry has to answer.

    Those of other images are deleted. HostError if it cannot be made: disks then begin empty.
    """
    file = image_of(images)
    if file.exists() or not images.preloaded:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(f".{os.getpid()}")
    _format(partial, _IMAGE_GIB)
    with TemporaryDirectory(prefix="patchbay-machine-image-") as made:
        work = Path(made)
        configuration = work / "containerd.toml"
        # Only what pulls: no pod is started.
        configuration.write_text('version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
        hosts = work / "certs.d" / addresses.REGISTRY_HOST / "hosts.toml"
        hosts.parent.mkdir(parents=True)
        hosts.write_text(node_files.registry_hosts())
        run(
            [
                *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
                *("--propagation", "private", "--", "/bin/bash", str(_RECIPE)),
                *(str(partial), str(configuration), str(work / "certs.d"), *images.preloaded),
            ],
            timeout_seconds=_BUILD_SECONDS,
        )
    partial.replace(file)
    for outdated in set(entries(file.parent)) - {file}:
        outdated.unlink(missing_ok=True)


def make_disk(file: Path, gib: int, image: Path) -> None:
    """A file system of this size, from the machine image where there is one, else empty.

    The file has no more blocks than are written to.
    """
    file.unlink(missing_ok=True)
    if gib < _IMAGE_GIB or not image.exists():
        _format(file, gib)
        return
    run(["cp", "--sparse=auto", "--reflink=auto", str(image), str(file)])
    if gib > _IMAGE_GIB:
        _extend(file, gib)
        # The image was taken away in order: there is nothing to check.
        run(["resize2fs", "-f", str(file)])


def _format(file: Path, gib: int) -> None:
    file.unlink(missing_ok=True)
    file.touch()
    _extend(file, gib)
    run([*_FORMAT, str(file)])


def _extend(file: Path, gib: int) -> None:
    with file.open("r+b") as disk:
        disk.truncate(gib * _GIB)
