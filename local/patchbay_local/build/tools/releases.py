"""Which programs their projects publish as binaries, and the lock of the published checksums."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Annotated, Final

import yaml
from patchbay_standins.pulumi_plugins.sdk import sdk_version
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from patchbay_local.build.tools.modules import CLUSTER, KUBERNETES_PROVIDER, PULUMI, GoModule

LOCK: Final = Path(__file__).parent / "native" / "downloads.lock"

Digest = Annotated[str, Field(pattern=r"^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$")]

_ARCHITECTURES: Final[Mapping[str, str]] = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Release:
    """An archive that a project publishes for each version and architecture.

    `required` says which version: a module that go.mod requires, or "=version". `archive` and `checksums` are
    templates of URLs, `members` of paths in the archive, with {version} and {arch}; a member whose name is one of the
    Go module's links takes the place of that built program, the others are laid beside it. `architectures` maps Go's
    names to the publisher's.
    """

    name: str
    module: GoModule
    required: str
    archive: str
    checksums: str
    members: tuple[str, ...]
    architectures: Mapping[str, str] = field(default_factory=lambda: {"amd64": "amd64", "arm64": "arm64"})

    @property
    def version(self) -> str:
        """The bare version that this repository asks for."""
        return self.required[1:] if self.required.startswith("=") else self.module.version(self.required)

    @property
    def programs(self) -> frozenset[str]:
        """The links in paths.BIN that the release serves."""
        return frozenset(PurePosixPath(member).name for member in self.members) & self.module.links.keys()

    def fill(self, template: str, architecture: str) -> str:
        """One of the release's templates for an architecture by Go's name."""
        return template.format(version=self.version, arch=self.architectures[architecture])


class Locked(BaseModel):
    """A version's published checksum of the archive for each architecture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    digests: Mapping[str, Digest]


Lock = Mapping[str, Locked]


def read_lock(file: Path = LOCK) -> Lock:
    """The locked releases by name. Raises pydantic's ValidationError on anything else."""
    return TypeAdapter(dict[str, Locked]).validate_python(yaml.safe_load(file.read_text()) or {})


def write_lock(lock: Lock, file: Path = LOCK) -> None:
    """Write the lock in place of the former one, whose leading comment is kept."""
    comment = "".join(line for line in file.read_text().splitlines(keepends=True) if line.startswith("#"))
    content = {name: locked.model_dump() for name, locked in lock.items()}
    partial = file.with_suffix(".partial")
    partial.write_text(comment + yaml.safe_dump(content, width=200))
    partial.replace(file)


def machine_architecture() -> str:
    """This machine's, by Go's name."""
    return _ARCHITECTURES.get(platform.machine(), platform.machine())


def digest_or_reason(release: Release, lock: Lock, arch: str) -> tuple[str | None, str]:
    """The locked checksum of exactly this version, or None and why there is none."""
    locked = lock.get(release.name)
    if locked is None:
        return None, "no checksum in downloads.lock"
    if locked.version != release.version:
        return None, f"downloads.lock has {locked.version}: `make lock-downloads` renews it"
    if arch not in locked.digests:
        return None, f"no checksum for {arch} in downloads.lock"
    return locked.digests[arch], ""


_GITHUB: Final = "https://github.com"

RELEASES: Final = (
    Release(
        name="kubernetes",
        module=CLUSTER,
        required="k8s.io/kubernetes",
        archive="https://dl.k8s.io/v{version}/kubernetes-server-linux-{arch}.tar.gz",
        checksums="https://dl.k8s.io/v{version}/kubernetes-server-linux-{arch}.tar.gz.sha512",
        members=tuple(
            f"kubernetes/server/bin/{program}"
            for program in (
                *("kube-apiserver", "kube-controller-manager", "kube-scheduler"),
                *("kubelet", "kube-proxy", "kubectl"),
            )
        ),
    ),
    Release(
        name="etcd",
        module=CLUSTER,
        required="go.etcd.io/etcd/server/v3",
        archive=f"{_GITHUB}/etcd-io/etcd/releases/download/v{{version}}/etcd-v{{version}}-linux-{{arch}}.tar.gz",
        checksums=f"{_GITHUB}/etcd-io/etcd/releases/download/v{{version}}/SHA256SUMS",
        members=("etcd-v{version}-linux-{arch}/etcd",),
    ),
    Release(
        name="coredns",
        module=CLUSTER,
        required="github.com/coredns/coredns",
        archive=f"{_GITHUB}/coredns/coredns/releases/download/v{{version}}/coredns_{{version}}_linux_{{arch}}.tgz",
        checksums=(
            f"{_GITHUB}/coredns/coredns/releases/download/v{{version}}/coredns_{{version}}_linux_{{arch}}.tgz.sha256"
        ),
        members=("coredns",),
    ),
    Release(
        name="json_exporter",
        module=CLUSTER,
        required="github.com/prometheus-community/json_exporter",
        archive=(
            f"{_GITHUB}/prometheus-community/json_exporter/releases/download/v{{version}}/"
            "json_exporter-{version}.linux-{arch}.tar.gz"
        ),
        checksums=f"{_GITHUB}/prometheus-community/json_exporter/releases/download/v{{version}}/sha256sums.txt",
        members=("json_exporter-{version}.linux-{arch}/json_exporter",),
    ),
    Release(
        name="pulumi",
        module=PULUMI,
        required="github.com/pulumi/pulumi/pkg/v3",
        archive="https://get.pulumi.com/releases/sdk/pulumi-v{version}-linux-{arch}.tar.gz",
        checksums="https://get.pulumi.com/releases/sdk/pulumi-{version}-checksums.txt",
        # The genuine language host comes with it, and what it starts.
        members=tuple(
            f"pulumi/{program}"
            for program in (
                *("pulumi", "pulumi-language-python"),
                *("pulumi-language-python-exec", "pulumi-analyzer-policy-python"),
            )
        ),
        architectures={"amd64": "x64", "arm64": "arm64"},
    ),
    Release(
        name="pulumi-kubernetes",
        module=KUBERNETES_PROVIDER,
        required=f"={sdk_version('kubernetes')}",
        archive=(
            f"{_GITHUB}/pulumi/pulumi-kubernetes/releases/download/v{{version}}/"
            "pulumi-resource-kubernetes-v{version}-linux-{arch}.tar.gz"
        ),
        checksums=(
            f"{_GITHUB}/pulumi/pulumi-kubernetes/releases/download/v{{version}}/pulumi-kubernetes_{{version}}_checksums.txt"
        ),
        members=("pulumi-resource-kubernetes",),
    ),
)
