"""Renewing downloads.lock from the checksums that the projects publish beside their releases."""

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from patchbay_local.build.tools.fetch import DownloadError, Fetcher, Limits, fetcher
from patchbay_local.build.tools.releases import LOCK, RELEASES, Locked, Release, read_lock, write_lock
from patchbay_local.build.tools.source import VARIABLE, Source

_ALGORITHMS: Final = {64: "sha256", 128: "sha512"}  # by the number of hexadecimal digits


def renew(
    source: Source | None,
    say: Callable[[str], None],
    *,
    releases: Sequence[Release] = RELEASES,
    file: Path = LOCK,
    limits: Limits | None = None,
) -> bool:
    """Write the lock; True when it holds every release, at the version asked for, for every architecture.

    What cannot be had keeps its locked checksum while that is of the version asked for, and is left out otherwise.
    """
    if source is None:
        raise RuntimeError(f"{VARIABLE}=off: checksums are fetched where downloads are; leave it out")
    former, lock, complete = read_lock(file), {}, True
    with fetcher(source, limits or Limits()) as opened:
        problems = opened.unreachable({address for release in releases for address in _addresses(release).values()})
        for release in releases:
            digests: dict[str, str] = {}
            kept = former.get(release.name)
            if kept and kept.version == release.version:
                digests.update(kept.digests)
            for arch, address in _addresses(release).items():
                try:
                    if address in problems:
                        raise DownloadError(problems[address])
                    digests[arch] = _published(opened, release, arch, address)
                    say(f"{release.name} {release.version} {arch}: {digests[arch]}")
                except DownloadError as error:
                    complete = False
                    state = "kept as it was" if arch in digests else "not locked"
                    say(f"{release.name} {release.version} {arch} is {state}: {error}")
            if digests:
                lock[release.name] = Locked(version=release.version, digests=digests)
    write_lock(lock, file)
    return complete


def _addresses(release: Release) -> dict[str, str]:
    return {arch: release.fill(release.checksums, arch) for arch in release.architectures}


def _published(opened: Fetcher, release: Release, arch: str, address: str) -> str:
    archive = PurePosixPath(release.fill(release.archive, arch)).name
    return find_digest(opened.text(address), archive)


def find_digest(text: str, archive: str) -> str:
    """The archive's checksum in what `sha256sum` and its like print, or in a file that holds nothing else.

    Raises DownloadError where there is none, where there are two, and where it is of a weak algorithm.
    """
    lines = [words for line in text.splitlines() if (words := line.split())]
    found = {words[0].lower() for words in lines if PurePosixPath(words[-1].removeprefix("*")).name == archive}
    if len(lines) == 1 and len(lines[0]) == 1:
        found = {lines[0][0].lower()}
    if len(found) != 1:
        raise DownloadError(f"{len(found)} checksums of {archive} are published, not one")
    digest = found.pop()
    algorithm = _ALGORITHMS.get(len(digest))
    if algorithm is None or not set(digest) <= set("0123456789abcdef"):
        raise DownloadError(f"the checksum of {archive} is neither SHA-256 nor SHA-512")
    return f"{algorithm}:{digest}"
