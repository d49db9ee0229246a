"""Building a Go module's programs once per stamp, and switching the links in paths.BIN to them."""

import contextlib
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from patchbay_local.build.tools.go import Go
from patchbay_local.build.tools.modules import CLUSTER, KEDA_MODULE, GoModule
from patchbay_local.machine import paths
from patchbay_local.machine.files import entries
from patchbay_local.machine.mounts import remove_directory
from patchbay_local.machine.programs import HostError, run

KEDA_CONFIG: Final = paths.TOOLS / "keda-config"

# What is being done, and the share of it that is done (0 to 1; None: unknown).
Report = Callable[[str, float | None], None]

_FLAGS: Final = ("-trimpath", "-buildvcs=false")
_ENVIRONMENT: Final = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": ""}
_TO_COMPILE: Final = "{{if .Stale}}{{.ImportPath}}{{with .Module}}@{{.Version}}{{end}}{{end}}"  # for `go list`
_COMPILING_SHARE: Final = 0.9  # of a cold build's time; the rest is linking, which prints nothing


def output_directory(module: GoModule, go: Go) -> Path:
    """Where the module's programs are, or will be, for this state of its files and this Go."""
    flags = " ".join((*_FLAGS, module.linker_flags(), *sorted(_ENVIRONMENT)))
    return paths.TOOLS / f"{module.name}-{module.stamp(go.version, flags)}"


def is_built(module: GoModule, go: Go) -> bool:
    """Whether nothing has to be compiled. A directory exists under its final name only when it is complete."""
    return output_directory(module, go).is_dir()


def packages_to_compile(module: GoModule, go: Go, report: Report) -> set[str]:
    """The packages, with their modules' versions, that Go's build cache lacks, and the programs' own.

    Fetches the modules that are not in Go's cache yet.
    """
    fetched = 0

    def count(line: str) -> None:
        nonlocal fetched
        if line.startswith("go: downloading"):
            fetched += 1
            report(f"{module.name}: {fetched} modules fetched", None)

    listing = run(
        [go.program, "list", "-deps", *_FLAGS, "-f", _TO_COMPILE, *module.packages],
        cwd=module.directory,
        env=_ENVIRONMENT,
        on_line=count,
    )
    return {line for line in listing.splitlines() if line and not line.startswith("go: ")}


def build(module: GoModule, go: Go, report: Callable[[str, float], None], to_compile: int) -> Path:
    """Compile and link the module's programs unless they are built already; return their directory.

    `to_compile` is the number of packages that will be, for the report of the share that is done. Interrupted at any
    point, the next call goes on from Go's own build cache.
    """
    output = output_directory(module, go)
    if output.is_dir():
        return output
    log = paths.LOGS / f"build-{module.name}.log"
    partial = output.with_name(f"{output.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    compiled = 0

    def count(line: str) -> None:
        nonlocal compiled
        if line.startswith(("go: ", "#")) or " " in line:
            return
        compiled += 1
        fraction = min(1.0, compiled / max(1, to_compile)) * _COMPILING_SHARE
        report(f"{compiled}/{to_compile} packages compiled", fraction)

    run(
        [go.program, "build", "-v", *_FLAGS, "-ldflags", module.linker_flags(), "-o", f"{partial}/", *module.packages],
        cwd=module.directory,
        env=_ENVIRONMENT,
        log=log,
        on_line=count,
        low_priority=True,
    )
    for name, (path, inner) in module.beside.items():
        shutil.copyfile(_source_directory(module, go, path) / inner, partial / name)
    partial.rename(output)
    _remove_older(module, keep=output)
    return output


def link(programs: Mapping[str, Path]) -> None:
    """Make these names in paths.BIN lead to these programs; each is switched in one step."""
    paths.BIN.mkdir(parents=True, exist_ok=True)
    for name, target in programs.items():
        place = paths.BIN / name
        if place.is_symlink() and place.readlink() == target:
            continue
        fresh = place.with_name(f".{name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target)
        fresh.replace(place)


def unlink(module: GoModule) -> None:
    """Take a module's names out of paths.BIN, where the machine brings its own programs."""
    for name in module.links:
        (paths.BIN / name).unlink(missing_ok=True)


def copy_keda_configuration(go: Go) -> None:
    """Copy KEDA's kustomization out of its module: the same files that its release is made from."""
    marker = KEDA_CONFIG / ".version"
    version = CLUSTER.version(KEDA_MODULE)
    if marker.is_file() and marker.read_text() == version:
        return
    source = _source_directory(CLUSTER, go, KEDA_MODULE)
    remove_directory(KEDA_CONFIG)
    KEDA_CONFIG.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source / "config", KEDA_CONFIG, copy_function=shutil.copyfile)
    for directory, _, _ in os.walk(KEDA_CONFIG):
        Path(directory).chmod(0o755)  # the module cache is read-only
    marker.write_text(version)


def _source_directory(module: GoModule, go: Go, required: str) -> Path:
    """Where Go's cache holds the files of a module that `module` requires."""
    command: list[str | Path] = [go.program, "list", "-m", "-f", "{{.Dir}}", required]
    return Path(run(command, cwd=module.directory, env=_ENVIRONMENT).strip())


def _remove_older(module: GoModule, keep: Path) -> None:
    for other in entries(paths.TOOLS):
        if other.name.startswith(f"{module.name}-") and other != keep and not other.name.endswith(".partial"):
            with contextlib.suppress(HostError, OSError):
                remove_directory(other)
