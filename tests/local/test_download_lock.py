"""The lock of downloads is of the versions that are asked for, and only of checksums that were published."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from patchbay_local.build.tools.fetch import DownloadError, Limits
from patchbay_local.build.tools.lock import find_digest, renew
from patchbay_local.build.tools.releases import LOCK, RELEASES, Locked, read_lock
from patchbay_local.build.tools.source import Source

from tests.local.release_pages import Mirror, mirror, numbers, releases
from tests.ports import free_port

PATIENT = Limits(connect_seconds=30, silence_seconds=30)


@pytest.fixture
def served() -> Iterator[Mirror]:
    with mirror() as opened:
        yield opened


def test_the_lock_is_of_the_versions_that_are_asked_for() -> None:
    wanted = {release.name: release.version for release in RELEASES}
    for name, locked in read_lock().items():
        assert wanted[name] == locked.version, f"{name} {wanted[name]} would be built: run `make lock-downloads`"
        assert set(locked.digests) <= {"amd64", "arm64"}


def test_a_checksum_that_cannot_be_had_is_kept_only_for_the_same_version(served: Mirror, tmp_path: Path) -> None:
    file = tmp_path / "downloads.lock"
    digest = f"sha256:{'0' * 64}"
    same = f"one:\n  version: 1.2.3\n  digests: {{amd64: '{digest}'}}\n"
    file.write_text(f"# c\n{same}two:\n  version: 1.0.0\n  digests: {{amd64: '{digest}'}}\n")
    said: list[str] = []
    assert not renew(
        Source(served.address), said.append, releases=releases(numbers(tmp_path / "module")), file=file, limits=PATIENT
    )
    assert dict(read_lock(file)) == {"one": Locked(version="1.2.3", digests={"amd64": digest})}
    assert any(line.startswith("one 1.2.3 amd64 is kept as it was") and "404" in line for line in said)
    assert any(line.startswith("two 1.2.3 amd64 is not locked") for line in said)


def test_a_closed_network_leaves_the_lock_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "downloads.lock"
    file.write_text(LOCK.read_text())
    said: list[str] = []
    limits = Limits(connect_seconds=30)
    assert not renew(Source(f"http://127.0.0.1:{free_port()}"), said.append, file=file, limits=limits)
    assert read_lock(file) == read_lock()
    assert all("cannot be reached" in line for line in said)


SHA256 = "ab" * 32


@pytest.mark.parametrize(
    "text",
    [
        SHA256,
        f"{SHA256}\n",
        f"{SHA256}  tool.tgz\n",
        f"{SHA256} *tool.tgz\n{'cd' * 32} *other.tgz\n",
        f"{'cd' * 32}  tool.tgz.sig\n{SHA256.upper()}  dist/tool.tgz\n",
    ],
)
def test_a_checksum_is_found_in_every_form_of_file(text: str) -> None:
    assert find_digest(text, "tool.tgz") == f"sha256:{SHA256}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html><body>Not found</body></html>",
        f"{'ab' * 20}  tool.tgz",  # SHA-1
        f"{SHA256}  other.tgz",
        "xy" * 32,
        f"{SHA256}  tool.tgz\n{'cd' * 32}  tool.tgz\n",
    ],
)
def test_no_checksum_is_made_of_anything_else(text: str) -> None:
    with pytest.raises(DownloadError):
        find_digest(text, "tool.tgz")
