"""Removing directories: never through a mount, and never so that what is left of one is taken for the whole."""

import errno
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from patchbay_local.machine import paths
from patchbay_local.machine.files import entries
from patchbay_local.machine.programs import HostError

_REMOVING: Final = ".removing"
_LOST_AND_FOUND: Final = "lost+found"  # an ext4 file system's own


def remove_directory(directory: Path) -> None:
    """With all that is in it; see `remove_directories`."""
    remove_directories(directory)


def remove_directories(*directories: Path) -> None:
    """With all that is in them; nothing happens where one is not there. HostError or OSError where that cannot be.

    They are moved aside, in this order, before the first is deleted: an interruption leaves none half there under its
    name. A mount point, and a directory that is a symbolic link's target, stays and is emptied.
    """
    places = [place for directory in directories for place in _places(directory)]
    leftovers = [_leftover(place) for place in places]
    _require_unmounted([*places, *leftovers])
    for leftover in leftovers:
        _delete(leftover)
    for place, leftover in zip(places, leftovers, strict=True):
        _rename(place, leftover)
    for leftover in leftovers:
        _delete(leftover)


def remove_leftovers(say: Callable[[str], None]) -> None:
    """Delete what interrupted removals left of the environment's directories, and of what is up to two levels below."""
    roots = [directory.resolve() for directory in (paths.CACHE, paths.STATE, paths.RUN)]
    level = [inner for root in roots for inner in entries(root)]
    below = [inner for directory in level for inner in entries(directory)]
    found = [leftover for root in roots if (leftover := _leftover(root)).exists()]
    found += [each for each in (*level, *below) if each.name.endswith(_REMOVING)]
    if found:
        say(f"deleting what an interrupted removal left: {', '.join(map(str, found))}")
        _require_unmounted(found)
    for leftover in found:
        _delete(leftover)


def holds_nothing(directory: Path) -> bool:
    """Whether the directory is not there, or as empty as `remove_directory` leaves a mount point."""
    return not any(entry.name != _LOST_AND_FOUND and not entry.name.endswith(_REMOVING) for entry in entries(directory))


def mount_points() -> list[Path]:
    """Where this machine has file systems mounted."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [Path(re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), line.split()[4])) for line in lines]


def _places(directory: Path) -> list[Path]:
    """What is to lose its name: the directory, or all that is in one that stays."""
    place = directory.resolve()
    if directory.is_symlink() or place in mount_points():
        return [entry for entry in entries(place) if entry.name != _LOST_AND_FOUND]
    return [place]


def _leftover(place: Path) -> Path:
    return place if place.name.endswith(_REMOVING) else place.with_name(f"{place.name}{_REMOVING}")


def _require_unmounted(places: Iterable[Path]) -> None:
    mounted = mount_points()
    for place in places:
        if below := [mount for mount in mounted if mount.is_relative_to(place)]:
            # Deleting would go through the mount and empty what it shows.
            raise HostError(f"{below[0]} is still mounted: umount it, and try again")


def _rename(place: Path, leftover: Path) -> None:
    if place == leftover:
        return
    try:
        # One level down: whoever looks for files in its neighbours does not find those of what is being removed.
        leftover.mkdir(mode=0o700)
        place.rename(leftover / place.name)
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # An overlay file system renames no directory of its lower layers.
        _delete(place)


def _delete(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place, onerror=_unless_gone)
    else:
        place.unlink(missing_ok=True)


def _unless_gone(
    _function: Callable[..., Any], _path: str, failure: tuple[type[BaseException], BaseException, TracebackType]
) -> None:
    """What ends at this moment may delete its own files."""
    if not isinstance(failure[1], FileNotFoundError):
        raise failure[1]
