"""Control groups, version 1 and 2: plans as pure functions, and their application.

Version 1 has one hierarchy per controller and any group may hold processes. Version 2 has one hierarchy; a group whose
children have controllers may hold no process itself (only the root may), so processes live in leaves and every group
on the way switches its controllers on for its children.
"""

import contextlib
import errno
import os
import signal
import time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from patchbay_local.machine.programs import HostError

MOUNTINFO = Path("/proc/self/mountinfo")
UNIFIED_MOUNT = Path("/sys/fs/cgroup")
REQUIRED_CONTROLLERS = ("cpu", "cpuset", "memory", "pids")
_CPU_PERIOD_MICROSECONDS = 100_000


class Hierarchy(BaseModel):
    """A mounted hierarchy; controllers are empty for version 2 (read from the group) and for named ones."""

    model_config = ConfigDict(frozen=True)

    mount: Path
    version: Literal[1, 2]
    controllers: frozenset[str] = frozenset()


class Write(BaseModel):
    """Text to be written to a control file. What is not required may be refused by the kernel."""

    model_config = ConfigDict(frozen=True)

    file: Path
    text: str
    required: bool = True


class Plan(BaseModel):
    """How a group is made: directories, parents first, and for each what to write once it exists."""

    model_config = ConfigDict(frozen=True)

    steps: tuple[tuple[Path, tuple[Write, ...]], ...]


def parse_mounts(mountinfo: str) -> tuple[Hierarchy, ...]:
    """The hierarchies of `/proc/self/mountinfo`."""
    found: dict[Path, Hierarchy] = {}
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        fields, kinds = before.split(), after.split()
        if not separator or len(fields) < 5 or not kinds:
            continue
        mount = Path(fields[4])
        if kinds[0] == "cgroup2":
            found[mount] = Hierarchy(mount=mount, version=2)
        elif kinds[0] == "cgroup":
            options = frozenset(kinds[2].split(",")) - {"rw", "ro", "xattr"} if len(kinds) > 2 else frozenset()
            controllers = frozenset(option for option in options if "=" not in option and option != "clone_children")
            found[mount] = Hierarchy(mount=mount, version=1, controllers=controllers)
    return tuple(found.values())


def detect() -> tuple[Hierarchy, ...]:
    """Every hierarchy that is mounted on this host."""
    return parse_mounts(MOUNTINFO.read_text(encoding="utf-8"))


def managed(hierarchies: tuple[Hierarchy, ...]) -> tuple[Hierarchy, ...]:
    """Those that containers are put in: version 2 if it is the one at /sys/fs/cgroup, else all of version 1.

    Raises HostError if the controllers that Kubernetes needs are in neither.
    """
    unified = tuple(one for one in hierarchies if one.version == 2 and one.mount == UNIFIED_MOUNT)
    if unified:
        return unified
    legacy = tuple(one for one in hierarchies if one.version == 1)
    held = frozenset[str]().union(*(one.controllers for one in legacy))
    if missing := [name for name in REQUIRED_CONTROLLERS if name not in held]:
        raise HostError(f"control groups without {', '.join(missing)}: mount cgroup2 at {UNIFIED_MOUNT}")
    return legacy


def plan_group(hierarchies: tuple[Hierarchy, ...], path: str, *, root_controllers: tuple[str, ...] = ()) -> Plan:
    """Makes the group and those above it; `root_controllers` are what version 2's root offers."""
    steps: list[tuple[Path, tuple[Write, ...]]] = []
    parts = [part for part in path.split("/") if part]
    for hierarchy in hierarchies:
        if hierarchy.version == 2:
            enable = [(f"+{name}", name in REQUIRED_CONTROLLERS) for name in sorted(root_controllers)]
            parent = hierarchy.mount
            steps.append((parent, _enable(parent, enable)))
            for depth, part in enumerate(parts):
                parent = parent / part
                leaf = depth == len(parts) - 1
                steps.append((parent, () if leaf else _enable(parent, enable)))
        else:
            parent = hierarchy.mount
            for part in parts:
                directory = parent / part
                writes: tuple[Write, ...] = ()
                if "cpuset" in hierarchy.controllers:
                    # A new group of version 1 has no CPU and no memory node, and takes no process until it has.
                    writes = tuple(
                        Write(file=directory / name, text=f"@{parent / name}")
                        for name in ("cpuset.cpus", "cpuset.mems")
                    )
                steps.append((directory, writes))
                parent = directory
    return Plan(steps=tuple(steps))


def _enable(directory: Path, controllers: list[tuple[str, bool]]) -> tuple[Write, ...]:
    return tuple(
        Write(file=directory / "cgroup.subtree_control", text=text, required=required) for text, required in controllers
    )


def process_files(hierarchies: tuple[Hierarchy, ...], path: str) -> tuple[Path, ...]:
    """Where a process writes "0" to move itself into the group."""
    return tuple(one.mount / path.strip("/") / "cgroup.procs" for one in hierarchies)


def cpu_limit(hierarchies: tuple[Hierarchy, ...], path: str, cpus: float) -> tuple[Write, ...]:
    """A cap on the CPU time of the group, in cores."""
    quota = int(cpus * _CPU_PERIOD_MICROSECONDS)
    writes: list[Write] = []
    for one in hierarchies:
        directory = one.mount / path.strip("/")
        if one.version == 2:
            writes.append(Write(file=directory / "cpu.max", text=f"{quota} {_CPU_PERIOD_MICROSECONDS}"))
        elif "cpu" in one.controllers:
            writes.append(Write(file=directory / "cpu.cfs_period_us", text=str(_CPU_PERIOD_MICROSECONDS)))
            writes.append(Write(file=directory / "cpu.cfs_quota_us", text=str(quota)))
    return tuple(writes)


def root_controllers(hierarchies: tuple[Hierarchy, ...]) -> tuple[str, ...]:
    """What version 2's root can switch on; empty for version 1. HostError names what is missing."""
    for one in hierarchies:
        if one.version == 2:
            offered = tuple((one.mount / "cgroup.controllers").read_text(encoding="ascii").split())
            if missing := [name for name in REQUIRED_CONTROLLERS if name not in offered]:
                raise HostError(f"{one.mount}: no controller {', '.join(missing)}; run on the host, not in a container")
            return offered
    return ()


def enabled_at_root(hierarchies: tuple[Hierarchy, ...]) -> tuple[tuple[Path, tuple[str, ...]], ...]:
    """For each hierarchy of version 2: its mount and the controllers that its top groups have."""
    return tuple(
        (one.mount, tuple((one.mount / "cgroup.subtree_control").read_text(encoding="ascii").split()))
        for one in hierarchies
        if one.version == 2
    )


def apply(plan: Plan) -> None:
    """Makes what is missing. Running it again changes nothing."""
    for directory, writes in plan.steps:
        directory.mkdir(exist_ok=True)
        for write in writes:
            write_control(write)


def write_control(write: Write) -> None:
    """A text that begins with @ is the path of the file whose text is copied."""
    text = Path(write.text[1:]).read_text(encoding="ascii").strip() if write.text.startswith("@") else write.text
    try:
        write.file.write_text(text, encoding="ascii")
    except OSError as error:
        if write.required:
            remedy = "; a process runs in that group" if error.errno == errno.EBUSY else ""
            raise HostError(f"{write.file}: cannot write {text!r}: {error.strerror}{remedy}") from error


def remove(path: str, *, timeout_seconds: float = 10) -> None:
    """Kills what runs in the group, in whichever hierarchy, and removes it; HostError if the kernel does not let go."""
    if not path.strip("/"):
        raise ValueError("path: names a group below the root")
    roots = [one.mount / path.strip("/") for one in detect()]
    deadline = time.monotonic() + timeout_seconds
    while roots := [root for root in roots if root.exists()]:
        for root in roots:
            _kill_and_remove(root)
        if time.monotonic() > deadline:
            raise HostError(f"control group {roots[0]}: still busy after {timeout_seconds:.0f} s")
        time.sleep(0.02)


def _kill_and_remove(root: Path) -> None:
    for directory, _, _ in os.walk(root, topdown=False):
        with contextlib.suppress(OSError):
            for pid in (Path(directory) / "cgroup.procs").read_text(encoding="ascii").split():
                if int(pid) > 0:
                    os.kill(int(pid), signal.SIGKILL)
        with contextlib.suppress(OSError):
            Path(directory).rmdir()
