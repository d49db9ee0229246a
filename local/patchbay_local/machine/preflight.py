"""Whether this machine can carry the environment: facts are measured first, then judged by pure functions."""

import os
import platform
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from patchbay_local.machine import addresses, cgroups, occupied, packages, paths
from patchbay_local.machine.addresses import PortUse
from patchbay_local.machine.occupied import Listener, Overlap
from patchbay_local.machine.packages import Removals
from patchbay_local.machine.programs import HostError, succeeds

GIB: Final = 1024**3
MIN_CORES: Final = 2
MIN_MEMORY_GIB: Final = 6
MIN_DISK_GIB: Final = 15  # measured: 10 of Go's caches, 1 of built programs, 3 of images
MIN_DISK_BUILT_GIB: Final = 4
_NAMESPACES: Final = ("mnt", "net", "pid", "uts", "ipc")


@dataclass(frozen=True)
class Facts:
    """What was measured on the machine."""

    user_id: int
    system: str
    has_apt: bool
    distribution: str
    cores: int
    memory_gib: float
    disk_gib: Mapping[Path, float]
    tools_built: bool
    already_up: bool
    missing_kernel_features: tuple[str, ...] = ()
    cgroup_problem: str | None = None
    listeners: tuple[Listener, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    removals: Removals | None = None


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be."""

    what: str
    measured: str
    needed: str
    remedy: str
    fatal: bool = True

    def __str__(self) -> str:
        return f"{self.what}: {self.measured}; needed: {self.needed}. {self.remedy}"


class PreflightError(RuntimeError):
    """The machine cannot carry the environment; the message lists every finding."""


def judge(facts: Facts) -> list[Finding]:
    """Everything that is in the way, the fatal first."""
    found = [*_system(facts), *_capacity(facts), *_kernel(facts), *_packages(facts), *_in_use(facts)]
    return sorted(found, key=lambda finding: not finding.fatal)


def check(facts: Facts) -> list[Finding]:
    """Return the warnings. Raises PreflightError when something is fatal."""
    findings = judge(facts)
    if fatal := [finding for finding in findings if finding.fatal]:
        raise PreflightError("\n".join(str(finding) for finding in fatal))
    return findings


def measure() -> Facts:
    """Read the machine; changes nothing on it."""
    return Facts(
        user_id=os.geteuid(),
        system=platform.system(),
        has_apt=shutil.which("apt-get") is not None,
        distribution=_distribution(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=psutil.virtual_memory().available / GIB,
        disk_gib={path: _free_gib(path) for path in (paths.CACHE, paths.STATE, Path.home())},
        tools_built=(paths.BIN / "kubelet").exists(),
        already_up=paths.KUBECONFIG.exists(),
        missing_kernel_features=_missing_kernel_features(),
        cgroup_problem=_cgroup_problem(),
        listeners=tuple(occupied.listeners(addresses.CLUSTER_PORTS)),
        overlaps=tuple(occupied.overlaps(addresses.RANGES)),
        removals=_removals(),
    )


def _system(facts: Facts) -> Iterable[Finding]:
    if facts.system != "Linux":
        yield Finding(
            "operating system", facts.system, "Linux", "Nodes are made of Linux namespaces: use a Linux machine or VM."
        )
    if facts.user_id != 0:
        yield Finding(
            "user",
            f"user id {facts.user_id}",
            "root (user id 0)",
            "Run `sudo make up`: nodes need namespaces and mounts.",
        )
    if not facts.has_apt:
        yield Finding(
            "system packages",
            f"no apt-get on {facts.distribution}",
            "Debian 12 or later",
            "Use a Debian machine or VM.",
        )


def _capacity(facts: Facts) -> Iterable[Finding]:
    if facts.cores < MIN_CORES:
        yield Finding(
            "processor cores", str(facts.cores), str(MIN_CORES), "It may work, slowly; deadlines may pass.", fatal=False
        )
    if facts.memory_gib < MIN_MEMORY_GIB and not facts.already_up:
        yield Finding(
            "available memory",
            f"{facts.memory_gib:.1f} GiB",
            f"{MIN_MEMORY_GIB} GiB",
            "Stop other programs or add memory.",
        )
    needed = MIN_DISK_BUILT_GIB if facts.tools_built else MIN_DISK_GIB
    for path, free in facts.disk_gib.items():
        if free < needed:
            remedy = "Free space there, or mount a larger disk on it."
            yield Finding(f"free disk space for {path}", f"{free:.1f} GiB", f"{needed} GiB", remedy)


def _kernel(facts: Facts) -> Iterable[Finding]:
    if facts.missing_kernel_features:
        missing = ", ".join(facts.missing_kernel_features)
        remedy = "Load the modules (modprobe), or use a kernel that has them; containers often lack them."
        yield Finding("kernel", f"without {missing}", "all of them", remedy)
    if facts.cgroup_problem:
        remedy = "See the kernel's documentation of control groups."
        yield Finding("control groups", facts.cgroup_problem, "cpu, cpuset, memory and pids controllers", remedy)


def _packages(facts: Facts) -> Iterable[Finding]:
    if facts.removals:
        yield Finding("system packages", str(facts.removals), "nothing removed", facts.removals.remedy)


def _in_use(facts: Facts) -> Iterable[Finding]:
    yield from (_port_in_use(listener) for listener in facts.listeners)
    for overlap in facts.overlaps:
        remedy = f"Set another as {overlap.setting} in {addresses.SETTINGS}, or take that away."
        yield Finding(
            f"address range {overlap.network}",
            f"overlaps {overlap.found}",
            "a range of its own" if overlap.fatal else "addresses behind it that nobody here calls",
            remedy,
            fatal=overlap.fatal,
        )


def _port_in_use(listener: Listener) -> Finding:
    use = listener.use
    remedy = f"Stop that program, or set another port for {use.purpose} as {use.setting} in {addresses.SETTINGS}."
    return Finding(f"port {use.port}", f"used by {listener.program}", f"free, for {use.purpose}", remedy)


def require_free(uses: Iterable[PortUse]) -> None:
    """Raises PreflightError where another program listens at one of the ports."""
    if taken := [str(_port_in_use(listener)) for listener in occupied.listeners(uses)]:
        raise PreflightError("\n".join(taken))


def _removals() -> Removals | None:
    if shutil.which("apt-get") is None:
        return None
    try:
        return packages.removals(missing) if (missing := packages.missing()) else None
    except HostError:
        # Not known before apt has fetched its lists: the installation asks again then, and tells what is wrong.
        return None


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "an unknown system")
    except OSError:
        return "an unknown system"


def _free_gib(path: Path) -> float:
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    return shutil.disk_usage(existing).free / GIB


def _missing_kernel_features() -> tuple[str, ...]:
    missing = [f"{name} namespaces" for name in _NAMESPACES if not Path("/proc/self/ns", name).exists()]
    if "\toverlay\n" not in Path("/proc/filesystems").read_text() and not _module_exists("overlay"):
        missing.append("overlay file systems")
    if not Path("/dev/loop-control").exists() and not _module_exists("loop"):
        missing.append("loop devices")
    # Tried in a network namespace that ends with the command.
    for feature, link in (("bridges", ["type", "bridge"]), ("veth pairs", ["type", "veth", "peer", "name", "probe1"])):
        if shutil.which("ip") and not succeeds(["unshare", "--net", "ip", "link", "add", "probe0", *link]):
            missing.append(feature)
    return tuple(missing)


def _module_exists(name: str) -> bool:
    return succeeds(["modprobe", "--dry-run", name])


def _cgroup_problem() -> str | None:
    try:
        hierarchies = cgroups.managed(cgroups.detect())
        cgroups.root_controllers(hierarchies)
    except (HostError, OSError) as error:
        return str(error)
    return None
