"""Which programs each Go module gives, under which names, and with which version stamps."""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Final

from patchbay_standins.pulumi_plugins.sdk import PYTHON_EXECUTE, sdk_version

from patchbay_local.machine.files import contents, files_below

_KUBERNETES: Final = "k8s.io/kubernetes"
_KEDA: Final = "github.com/kedacore/keda/v2"
_GO: Final = Path(__file__).parents[1] / "go"
_KUBERNETES_PROVIDER: Final = "github.com/pulumi/pulumi-kubernetes/provider/v4"
_PULUMI: Final = "github.com/pulumi/pulumi/pkg/v3"
_PULUMI_SDK: Final = "github.com/pulumi/pulumi/sdk/v3"


@dataclass(frozen=True)
class GoModule:
    """A folder with a go.mod, the packages built from it, and the names under which they are called.

    `links` maps a name in paths.BIN to the built file. `version_variables` maps a linker variable to
    "module path" (its version as required in go.mod) with an optional "#part" (major, minor, bare), or to "=version".
    `beside` maps a file laid beside the programs to the "module path" and the path in that module's own directory.
    """

    name: str
    directory: Path
    packages: tuple[str, ...]
    links: Mapping[str, str]
    version_variables: Mapping[str, str]
    beside: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @cached_property
    def requirements(self) -> Mapping[str, str]:
        """Every required module's version, as go.mod gives it ("v1.35.4")."""
        text = (self.directory / "go.mod").read_text()
        return dict(re.findall(r"^(?:require\s+|\t)([\w./~-]+)\s+(v\S+)", text, re.MULTILINE))

    def version(self, module: str) -> str:
        """The bare version of a required module ("1.35.4")."""
        return self.requirements[module].removeprefix("v")

    def without(self, programs: Collection[str]) -> "GoModule":
        """What is left to be built where these links lead elsewhere."""
        links = {name: file for name, file in self.links.items() if name not in programs}
        packages = tuple(package for package in self.packages if self._file(package) in links.values())
        return replace(self, packages=packages, links=links)

    def linker_flags(self) -> str:
        """`-X` settings: without a version Kubernetes' feature gates misbehave."""
        settings = (f"-X {variable}={self._stamp_value(value)}" for variable, value in self.version_variables.items())
        return " ".join(("-s", "-w", *settings))

    def stamp(self, go_version: str, flags: str) -> str:
        """A hash of all that decides what is built."""
        digest = hashlib.sha256(f"{go_version}\n{flags}\n{self.packages}\n{sorted(self.beside)}\n".encode())
        sources = (
            file
            for file in files_below(self.directory)
            if file.suffix == ".go" or (file.parent == self.directory and file.name.startswith("go."))
        )
        for source, content in contents(sources):
            digest.update(f"{source.relative_to(self.directory)}\n".encode())
            digest.update(content)
        return digest.hexdigest()[:16]

    def _file(self, package: str) -> str:
        """What `go build` calls the package's program."""
        return PurePosixPath(package).name or self.name

    def _stamp_value(self, value: str) -> str:
        if value.startswith("="):
            return value.removeprefix("=")
        module, _, part = value.partition("#")
        version = self.version(module)
        major, minor, *_ = version.split(".")
        return {"": f"v{version}", "bare": version, "major": major, "minor": minor}[part]


CLUSTER: Final = GoModule(
    name="cluster",
    directory=_GO / "cluster",
    packages=(
        "./kubernetes",
        "./coredns",
        "./pause",
        f"{_KEDA}/cmd/operator",
        f"{_KEDA}/cmd/adapter",
        "github.com/prometheus-community/json_exporter",
    ),
    links={
        **dict.fromkeys(
            ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl", "etcd"),
            "kubernetes",
        ),
        "coredns": "coredns",
        "pause": "pause",
        "keda": "operator",
        "keda-adapter": "adapter",
        "json_exporter": "json_exporter",
    },
    version_variables={
        "k8s.io/component-base/version.gitVersion": _KUBERNETES,
        "k8s.io/component-base/version.gitMajor": f"{_KUBERNETES}#major",
        "k8s.io/component-base/version.gitMinor": f"{_KUBERNETES}#minor",
        "k8s.io/client-go/pkg/version.gitVersion": _KUBERNETES,
        "k8s.io/client-go/pkg/version.gitMajor": f"{_KUBERNETES}#major",
        "k8s.io/client-go/pkg/version.gitMinor": f"{_KUBERNETES}#minor",
        f"{_KEDA}/version.Version": f"{_KEDA}#bare",
    },
)

PULUMI: Final = GoModule(
    name="pulumi",
    directory=_GO / "pulumi",
    packages=(f"{_PULUMI}/cmd/pulumi",),
    links={"pulumi": "pulumi"},
    version_variables={f"{_PULUMI_SDK}/go/common/version.Version": f"{_PULUMI}#bare"},
    # What runs a Python program, itself in Python: the language host's half that the module does carry.
    beside={PYTHON_EXECUTE: (_PULUMI_SDK, f"python/cmd/{PYTHON_EXECUTE}")},
)

KUBERNETES_PROVIDER: Final = GoModule(
    name="kubernetes-provider",
    directory=_GO / "kubernetes-provider",
    packages=(".",),
    links={"pulumi-resource-kubernetes": "kubernetes-provider"},
    # The engine refuses a provider that calls itself older than the SDK asks for; the module has no release's version.
    version_variables={f"{_KUBERNETES_PROVIDER}/pkg/version.Version": f"={sdk_version('kubernetes')}"},
    # Its own main embeds generated copies of this file, which the module does not carry.
    beside={"schema.json": (_KUBERNETES_PROVIDER, "cmd/pulumi-resource-kubernetes/schema.json")},
)

KEDA_MODULE: Final = _KEDA
