"""Official programs take the place of built ones where they can be had, each by itself; what is built is said."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from patchbay_local.build.tools import go
from patchbay_local.build.tools.download import Downloads, unpack
from patchbay_local.build.tools.fetch import DownloadError, Limits
from patchbay_local.build.tools.lock import renew
from patchbay_local.build.tools.modules import CLUSTER, KUBERNETES_PROVIDER, PULUMI, GoModule
from patchbay_local.build.tools.prepare import all_there, prepare
from patchbay_local.build.tools.releases import RELEASES, Locked, Release, read_lock
from patchbay_local.build.tools.source import Source
from patchbay_local.deploy.stack import plugins
from patchbay_local.machine import paths

from tests.local.release_pages import GO_MOD, Mirror, Page, archive, mirror, numbers, releases, sha256
from tests.ports import free_port

PATIENT = Limits(connect_seconds=30, silence_seconds=30)
SCRIPT = b"#!/bin/sh\necho downloaded >&2\n"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("TOOLS", "BIN", "LOGS"):
        monkeypatch.setattr(paths, name, tmp_path / name.lower())
    return tmp_path


@pytest.fixture
def served() -> Iterator[Mirror]:
    with mirror() as opened:
        yield opened


@pytest.fixture
def module(tmp_path: Path) -> GoModule:
    return numbers(tmp_path / "module")


def contents(name: str) -> bytes:
    return archive({f"{name}-1.2.3/README": b"not for us", f"{name}-1.2.3/{name}": SCRIPT})


@pytest.fixture
def downloads(served: Mirror, module: GoModule) -> Downloads:
    """Both releases are published and locked."""
    lock = {}
    for release in releases(module):
        served.publish(release.fill(release.archive, "amd64"), Page(contents(release.name)))
        lock[release.name] = Locked(version="1.2.3", digests={"amd64": sha256(contents(release.name))})
    return Downloads(Source(served.address), releases(module), lock, PATIENT, "amd64")


class Told(list[str]):
    """What was warned of."""

    def prepare(self, module: GoModule, downloads: Downloads) -> str:
        return prepare([module], lambda _detail, _fraction: None, self.append, downloads)


def says(program: str) -> str:
    return subprocess.run([paths.BIN / program], check=True, capture_output=True, text=True).stderr.strip()


def test_what_can_be_had_is_downloaded_and_the_rest_is_built(module: GoModule, downloads: Downloads) -> None:
    told = Told()
    summary = told.prepare(module, downloads)
    assert (says("one"), says("two"), says("three")) == ("downloaded", "downloaded", "built")
    assert summary.startswith("downloaded one 1.2.3, two 1.2.3; built three with go")
    assert told == []


def test_only_the_named_program_of_an_archive_is_unpacked(module: GoModule, downloads: Downloads) -> None:
    Told().prepare(module, downloads)
    assert {path.name for place in paths.TOOLS.glob("downloaded-one-*") for path in place.iterdir()} == {"one"}
    assert not (paths.TOOLS / "downloads").exists()


def test_what_is_there_is_not_asked_for_again(served: Mirror, module: GoModule, downloads: Downloads) -> None:
    assert not all_there([module], downloads)
    Told().prepare(module, downloads)
    served.gets.clear()
    served.heads.clear()
    assert all_there([module], downloads)
    assert Told().prepare(module, downloads).startswith("downloaded one")
    assert (served.gets, served.heads) == ([], {})


def test_a_machine_that_built_does_not_download_later(served: Mirror, module: GoModule, downloads: Downloads) -> None:
    closed = replace(downloads, source=Source(f"http://127.0.0.1:{free_port()}"))
    told = Told()
    assert told.prepare(module, closed).startswith("built all with go")
    assert len(told) == 1
    assert "127.0.0.1 cannot be reached" in told[0]
    assert all_there([module], downloads)
    assert Told().prepare(module, downloads).startswith("built all with go")
    assert (served.gets, served.heads) == ([], {})
    assert says("one") == "built"


def test_all_hosts_are_asked_but_once_before_anything_is_fetched(
    served: Mirror, module: GoModule, downloads: Downloads
) -> None:
    Told().prepare(module, downloads)
    assert sum(served.heads.values()) == 1  # a mirror is one host
    assert len(served.gets) == 2


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        (("ALL_PROXY", "socks5://user:secret@proxy.example.test:1080"), "socksio"),
        (("HTTPS_PROXY", "gopher://user:secret@proxy.example.test"), "scheme"),
        (("HTTPS_PROXY", "http://user:secret@proxy.example.test:port"), "port"),
        (("SSL_CERT_FILE", "/nonexistent"), "No such file"),
    ],
)
def test_a_proxy_or_certificates_that_cannot_be_used_are_told_and_all_is_built(
    module: GoModule, downloads: Downloads, setting: tuple[str, str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(*setting)
    warnings: list[str] = []
    published = replace(downloads, source=Source())
    published.fetch(releases(module), lambda *_: None, warnings.append)
    (warning,) = warnings
    assert warning.startswith("downloads are not possible: ")
    assert warning.endswith("; built instead")
    assert told in warning
    assert "secret" not in warning
    assert published.unpacked(module) == []
    with pytest.raises(DownloadError, match="downloads are not possible"):
        renew(Source(), lambda _: None, releases=releases(module))


def test_nothing_is_downloaded_where_downloads_are_off(served: Mirror, module: GoModule, downloads: Downloads) -> None:
    assert Told().prepare(module, replace(downloads, source=None)).startswith("built all with go")
    assert (served.gets, served.heads) == ([], {})


def test_off_builds_what_had_been_downloaded_and_that_stays(module: GoModule, downloads: Downloads) -> None:
    Told().prepare(module, downloads)
    off = replace(downloads, source=None)
    assert not all_there([module], off)
    Told().prepare(module, off)
    assert says("one") == "built"
    assert all_there([module], downloads)
    Told().prepare(module, downloads)
    assert says("one") == "built"


def test_a_wrong_checksum_is_refused_loudly_and_the_program_is_built(
    served: Mirror, module: GoModule, downloads: Downloads
) -> None:
    address = releases(module)[0].fill(releases(module)[0].archive, "amd64")
    served.publish(address, Page(archive({"one-1.2.3/one": b"#!/bin/sh\necho evil >&2\n"})))
    told = Told()
    summary = told.prepare(module, downloads)
    assert (says("one"), says("two"), says("three")) == ("built", "downloaded", "built")
    assert "built one, three" in summary
    assert len(told) == 1
    assert told[0].startswith("one 1.2.3 is built")
    assert "REFUSED" in told[0]
    assert not list(paths.TOOLS.glob("downloaded-one*"))
    assert not list(paths.TOOLS.rglob("*.partial"))


def test_one_release_that_is_missing_does_not_keep_the_other_from_being_had(
    served: Mirror, module: GoModule, downloads: Downloads
) -> None:
    served.publish(releases(module)[1].fill(releases(module)[1].archive, "amd64"), Page(status=404))
    told = Told()
    told.prepare(module, downloads)
    assert (says("one"), says("two")) == ("downloaded", "built")
    assert told == ["two 1.2.3 is built: 127.0.0.1/two.example.test/v1.2.3/two-amd64.tar.gz answers 404"]
    served.gets.clear()
    Told().prepare(module, downloads)
    assert served.gets == []


def test_an_interrupted_run_is_gone_on_with(served: Mirror, module: GoModule, downloads: Downloads) -> None:
    page = served.pages["/one.example.test/v1.2.3/one-amd64.tar.gz"]

    def interrupt(detail: str, _fraction: float | None) -> None:
        if detail.endswith("fetched"):
            raise KeyboardInterrupt

    page.content = archive({"one-1.2.3/one": SCRIPT, "one-1.2.3/ballast": bytes(range(256)) * 4000})
    lock = {**downloads.lock, "one": Locked(version="1.2.3", digests={"amd64": sha256(page.content)})}
    page.cuts = [100]  # the first bytes come alone
    with pytest.raises(KeyboardInterrupt):
        prepare([module], interrupt, print, replace(downloads, lock=lock))
    Told().prepare(module, replace(downloads, lock=lock))
    assert [headers.get("Range") for path, headers in served.gets if "/one-" in path] == [None, "bytes=100-"]
    assert says("one") == "downloaded"


def test_a_version_that_go_mod_raised_and_the_lock_did_not_is_built(
    served: Mirror, module: GoModule, downloads: Downloads
) -> None:
    (module.directory / "go.mod").write_text(GO_MOD.replace("v1.2.3", "v1.3.0"))
    raised = replace(module)
    told = Told()
    assert told.prepare(raised, replace(downloads, releases=releases(raised))).startswith("built all")
    assert told == [
        f"{name} 1.3.0 is built: downloads.lock has 1.2.3: `make lock-downloads` renews it" for name in ("one", "two")
    ]
    assert served.gets == []


def test_a_machine_whose_architecture_is_not_locked_builds(module: GoModule, downloads: Downloads) -> None:
    told = Told()
    assert told.prepare(module, replace(downloads, architecture="riscv64")).startswith("built all")
    assert told[0] == "one 1.2.3 is built: no checksum for riscv64 in downloads.lock"


def test_another_version_leaves_nothing_of_the_former_one(
    served: Mirror, module: GoModule, downloads: Downloads
) -> None:
    Told().prepare(module, downloads)
    before = next(paths.TOOLS.glob("downloaded-one-*"))
    content = archive({"one-1.2.3/one": SCRIPT + b"# rebuilt by its publisher\n"})
    served.pages["/one.example.test/v1.2.3/one-amd64.tar.gz"] = Page(content)
    lock = {**downloads.lock, "one": Locked(version="1.2.3", digests={"amd64": sha256(content)})}
    Told().prepare(module, replace(downloads, lock=lock))
    assert not before.exists()
    assert (paths.BIN / "one").resolve().read_bytes() == SCRIPT + b"# rebuilt by its publisher\n"


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"x/other": b""}, "lacks x/tool"),
        ({"x/tool": "/etc/passwd"}, "no file"),
        ({"../x/tool": b"evil", "/x/tool": b"evil", "x/../x/tool": b"evil"}, "lacks x/tool"),
    ],
)
def test_an_archive_without_the_program_is_no_program(
    tmp_path: Path, members: dict[str, bytes | str], problem: str
) -> None:
    (tmp_path / "archive").write_bytes(archive(members))
    with pytest.raises(DownloadError, match=problem):
        unpack(tmp_path / "archive", ["x/tool"], tmp_path / "inner" / "output")
    assert not (tmp_path / "inner" / "output").exists()
    assert not (tmp_path / "x").exists()


def test_an_archive_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(b"<html>")
    with pytest.raises(DownloadError, match="cannot be read"):
        unpack(tmp_path / "archive", ["x"], tmp_path / "output")


def test_nothing_but_the_named_members_leaves_an_archive(tmp_path: Path) -> None:
    members: dict[str, bytes | str] = {"../evil": b"evil", "link": "/etc", "link/evil": b"evil", "./x/tool": b"good"}
    (tmp_path / "archive").write_bytes(archive(members))
    unpack(tmp_path / "archive", ["x/tool"], tmp_path / "inner" / "output")
    assert [path.name for path in (tmp_path / "inner" / "output").iterdir()] == ["tool"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive", "inner"]


# What the projects publish beside their archives, each in its own form.
def checksum_file(release: Release, digests: dict[str, str]) -> bytes:
    if release.name == "kubernetes":
        return next(iter(digests.values())).encode()
    return "".join(f"{digest}  {name}\n" for name, digest in digests.items()).encode()


def test_every_release_is_locked_and_downloaded_from_a_mirror_of_the_publishers_layout(
    served: Mirror, tmp_path: Path
) -> None:
    for release in RELEASES:
        sums: dict[str, dict[str, str]] = {}
        for arch in release.architectures:
            content = archive({release.fill(member, arch): SCRIPT for member in release.members} | {arch: b"padding"})
            address = release.fill(release.archive, arch)
            served.publish(address, Page(content))
            names = sums.setdefault(release.fill(release.checksums, arch), {})
            names[address.rpartition("/")[2]] = sha256(content).removeprefix("sha256:")
        for address, names in sums.items():
            served.publish(address, Page(checksum_file(release, names)))
    file = tmp_path / "downloads.lock"
    file.write_text("# a comment\nkubernetes:\n  version: 0.0.1\n  digests: {}\n")
    source = Source(served.address)
    assert renew(source, lambda _: None, file=file, limits=PATIENT)
    assert file.read_text().startswith("# a comment\n")
    lock = read_lock(file)
    assert {name: locked.version for name, locked in lock.items()} == {each.name: each.version for each in RELEASES}
    assert all(set(locked.digests) == {"amd64", "arm64"} for locked in lock.values())

    told = Told()
    downloads = Downloads(source, RELEASES, lock, PATIENT, "arm64")
    downloads.fetch(RELEASES, lambda _detail, _fraction: None, told.append)
    assert told == []
    for module in (CLUSTER, PULUMI, KUBERNETES_PROVIDER):
        for release, place in downloads.unpacked(module):
            assert {path.name for path in place.iterdir()} == {member.rpartition("/")[2] for member in release.members}
    rest = CLUSTER.without({name for release, _ in downloads.unpacked(CLUSTER) for name in release.programs})
    assert set(rest.links) == {"pause", "keda", "keda-adapter"}
    assert rest.packages == tuple(each for each in CLUSTER.packages if each.rpartition("/")[2] in rest.links.values())
    for module in (PULUMI, KUBERNETES_PROVIDER):
        served_links = {name for release, _ in downloads.unpacked(module) for name in release.programs}
        assert module.without(served_links).packages == ()


def test_the_programs_of_one_binary_are_built_as_long_as_one_of_them_is_not_downloaded() -> None:
    etcd_alone = CLUSTER.without({"kube-apiserver", "kube-scheduler", "kube-controller-manager", "kubelet", "kubectl"})
    assert "./kubernetes" in etcd_alone.packages
    assert {"etcd", "kube-proxy"} <= set(etcd_alone.links)
    assert CLUSTER.without(()).stamp("go", "") == CLUSTER.stamp("go", "")


def test_a_downloaded_pulumi_keeps_its_genuine_language_host(tmp_path: Path) -> None:
    (tmp_path / "release").mkdir()
    paths.BIN.mkdir()
    for name in ("pulumi", plugins.LANGUAGE_HOST):
        (tmp_path / "release" / name).write_bytes(SCRIPT)
    (paths.BIN / "pulumi").symlink_to(tmp_path / "release" / "pulumi")
    plugins.install(tmp_path / "home", paths.BIN)
    assert (paths.BIN / plugins.LANGUAGE_HOST).resolve().read_bytes() == SCRIPT


def test_a_built_pulumi_gets_the_stand_in_for_its_language_host(tmp_path: Path) -> None:
    (tmp_path / "built").mkdir()
    paths.BIN.mkdir()
    (tmp_path / "built" / "pulumi").write_bytes(SCRIPT)
    (paths.BIN / "pulumi").symlink_to(tmp_path / "built" / "pulumi")
    for _ in range(2):
        plugins.install(tmp_path / "home", paths.BIN)
        assert b"patchbay_standins" in (paths.BIN / plugins.LANGUAGE_HOST).resolve().read_bytes()


def test_go_is_not_needed_where_everything_is_downloaded(
    module: GoModule, downloads: Downloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(_needed: go.Version) -> None:
        return None

    def install(_needed: go.Version) -> go.Go:
        raise AssertionError("Go is fetched for nothing")

    monkeypatch.setattr(go, "find", find)
    monkeypatch.setattr(go, "install", install)
    assert Told().prepare(module.without({"three"}), downloads) == "downloaded one 1.2.3, two 1.2.3"
