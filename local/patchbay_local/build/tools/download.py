"""Official programs in place of built ones: each release fetched, verified and unpacked into a directory of its own."""

import contextlib
import shutil
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from patchbay_local.build.tools.build import Report
from patchbay_local.build.tools.fetch import DownloadError, Fetcher, Limits, NoDownloadsError, fetcher, room_for
from patchbay_local.build.tools.modules import GoModule
from patchbay_local.build.tools.releases import (
    RELEASES,
    Lock,
    Release,
    digest_or_reason,
    machine_architecture,
    read_lock,
)
from patchbay_local.build.tools.source import Source, from_environment
from patchbay_local.machine import paths
from patchbay_local.machine.files import entries
from patchbay_local.machine.mounts import remove_directory
from patchbay_local.machine.programs import HostError

# Something that the user should read.
Warn = Callable[[str], None]

_PREFIX: Final = "downloaded"
_ARCHIVES: Final = "downloads"


@dataclass(frozen=True)
class Downloads:
    """Which releases may be taken, from where, and within which limits. `source` None: nothing is downloaded."""

    source: Source | None = field(default_factory=from_environment)
    releases: Sequence[Release] = RELEASES
    lock: Lock = field(default_factory=read_lock)
    limits: Limits = field(default_factory=Limits)
    architecture: str = field(default_factory=machine_architecture)

    def unpacked(self, module: GoModule) -> list[tuple[Release, Path]]:
        """The releases that are on this machine for programs of the Go module, and where."""
        if self.source is None:
            return []
        candidates = [release for release in self.releases if release.module.name == module.name]
        digests = [digest_or_reason(release, self.lock, self.architecture)[0] for release in candidates]
        places = [(each, _place(each, digest)) for each, digest in zip(candidates, digests, strict=True) if digest]
        return [(release, place) for release, place in places if place.is_dir()]

    def fetch(self, releases: Sequence[Release], report: Report, warn: Warn) -> None:
        """Download what can be had of these releases, and say of the others why they are built.

        Raises DiskFullError.
        """
        if self.source is None:
            return
        wanted: list[_Archive] = []
        for release in releases:
            digest, reason = digest_or_reason(release, self.lock, self.architecture)
            if digest is None:
                warn(f"{release.name} {release.version} is built: {reason}")
            elif not _place(release, digest).is_dir():
                wanted.append(_Archive(release, digest, self.architecture))
        if not wanted:
            return
        try:
            with fetcher(self.source, self.limits) as opened:
                _take_all(opened, wanted, report, warn)
        except NoDownloadsError as error:
            warn(f"{error}; built instead")

    def tidy(self) -> None:
        """Once every program is linked: remove other versions, and what is left of archives."""
        locked = [(each, digest_or_reason(each, self.lock, self.architecture)[0]) for each in self.releases]
        places = {_place(release, digest) for release, digest in locked if digest}
        for place in entries(paths.TOOLS):
            if place.name.startswith(f"{_PREFIX}-") and place not in places:
                with contextlib.suppress(HostError, OSError):
                    remove_directory(place)
        shutil.rmtree(paths.TOOLS / _ARCHIVES, ignore_errors=True)


@dataclass(frozen=True)
class _Archive:
    """What a release publishes for an architecture, and the checksum that it must have."""

    release: Release
    digest: str
    architecture: str

    @property
    def address(self) -> str:
        return self.release.fill(self.release.archive, self.architecture)

    @property
    def label(self) -> str:
        return f"{self.release.name} {self.release.version}"


def _take_all(opened: Fetcher, wanted: Sequence[_Archive], report: Report, warn: Warn) -> None:
    report("looking whether the release pages can be reached", None)
    problems = opened.unreachable(archive.address for archive in wanted)
    for problem in sorted(set(problems.values())):
        warn(f"{problem}: what is published there is built")
    for archive in wanted:
        if archive.address not in problems:
            _take(opened, archive, report, warn)


def _take(opened: Fetcher, archive: _Archive, report: Report, warn: Warn) -> None:
    def received(size: int, total: int | None) -> None:
        whole = f" of {total / 1e6:.0f}" if total else ""
        report(f"{archive.label}: {size / 1e6:.0f}{whole} MB fetched", None)

    release, place = archive.release, _place(archive.release, archive.digest)
    partial = paths.TOOLS / _ARCHIVES / f"{_stamp(release, archive.digest)}.partial"
    try:
        with room_for(archive.label, paths.TOOLS):
            opened.fetch(archive.address, partial, archive.digest, received)
            report(f"{archive.label}: unpacking", None)
            unpack(partial, [release.fill(member, archive.architecture) for member in release.members], place)
    except DownloadError as error:
        warn(f"{archive.label} is built: {error}")


def unpack(archive: Path, members: Sequence[str], output: Path) -> None:
    """Copy these members of a compressed tar archive, and no other, to programs in `output`, which appears complete.

    Raises DownloadError where the archive lacks one, or holds something else than a file under its name.
    """
    partial = output.with_name(f"{output.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    missing = set(members)
    try:
        with tarfile.open(archive, "r|gz") as opened:
            for entry in opened:
                name = entry.name.removeprefix("./")
                if name not in missing:
                    continue
                content = opened.extractfile(entry) if entry.isreg() else None
                if content is None:
                    raise DownloadError(f"{name} is no file in its archive")
                program = partial / PurePosixPath(name).name
                with content, program.open("wb") as file:
                    shutil.copyfileobj(content, file, 1 << 20)
                program.chmod(0o755)
                missing.discard(name)
                if not missing:
                    break
    except (tarfile.TarError, EOFError) as error:
        raise DownloadError(f"its archive cannot be read: {error}") from None
    if missing:
        shutil.rmtree(partial)
        raise DownloadError(f"its archive lacks {', '.join(sorted(missing))}")
    partial.rename(output)


def _stamp(release: Release, digest: str) -> str:
    return f"{release.name}-{release.version}-{digest.partition(':')[2][:16]}"


def _place(release: Release, digest: str) -> Path:
    """Where the release is unpacked; the name says what was verified, and exists only when that is complete."""
    return paths.TOOLS / f"{_PREFIX}-{_stamp(release, digest)}"
