"""Directories are deleted only where nothing is mounted below them."""

import shutil
from pathlib import Path

from patchbay_local.machine.programs import HostError


def remove_directory(directory: Path) -> None:
    """With all that is in it; nothing happens where it is not there. HostError or OSError where that cannot be."""
    below = [mount for mount in mount_points() if mount.is_relative_to(directory)]
    if below:
        # Deleting would go through the mount and empty what it shows.
        raise HostError(f"{below[0]} is still mounted: umount it, and try again")
    if directory.exists():
        shutil.rmtree(directory)


def mount_points() -> list[Path]:
    """Where this machine has file systems mounted."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [Path(line.split()[4].replace("\\040", " ")) for line in lines]
