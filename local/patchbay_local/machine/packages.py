"""Debian packages: only what is missing is installed; nothing is removed for it, and no service is started by it."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from patchbay_local.machine import paths
from patchbay_local.machine.files import contents, entries, write_if_changed
from patchbay_local.machine.programs import CommandError, HostError, run, succeeds

NEEDED: Final = (
    # nodes
    "containerd",
    "runc",
    "containernetworking-plugins",
    "conntrack",
    "e2fsprogs",
    "iproute2",
    "kmod",
    "mount",
    "nftables",
    "procps",
    "util-linux",
    # images
    "buildah",
    "ca-certificates",
    "debian-archive-keyring",
    "docker-registry",
    "mmdebstrap",
    # the edge
    "haproxy",
    # the clock that a fault puts off
    "gcc",
    "libc6-dev",
    # the runtime's and the rules' tests
    "mariadb-server",
    "prometheus",
    "redis-server",
    "shellcheck",
)
# Enabled by their packages; a reboot must not start what nobody asked for.
_UNITS: Final = {
    "containerd": "containerd",
    "docker-registry": "docker-registry",
    "haproxy": "haproxy",
    "mariadb-server": "mariadb",
    "prometheus": "prometheus",
    "redis-server": "redis-server",
}

_POLICY: Final = Path("/usr/sbin/policy-rc.d")
_POLICY_SAVED: Final = _POLICY.with_name("policy-rc.d.patchbay-saved")
_POLICY_TEXT: Final = "#!/bin/sh\n# patchbay: no service starts while packages are installed\nexit 101\n"

# Unpacked and not set up: what an installation that was cut off leaves behind.
_UNFINISHED: Final = frozenset({"unpacked", "half-configured", "triggers-awaited", "triggers-pending"})
_UPDATES: Final = "/var/lib/dpkg/updates"
_INSTALL: Final = ("install", "--yes", "--no-install-recommends")
_APT: Final = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
_WAIT_SECONDS: Final = 300
_WAIT: Final = ("-o", f"DPkg::Lock::Timeout={_WAIT_SECONDS}", "-o", "Dpkg::Use-Pty=0")

Report = Callable[[str, float | None], None]


class RemovalError(HostError):
    """apt would remove packages of this machine; the message names them and the remedy."""


@dataclass(frozen=True)
class Removals:
    """What apt would remove, and which of the needed packages it is in the way of."""

    removed: tuple[str, ...]
    wanted: tuple[str, ...]

    @property
    def remedy(self) -> str:
        """What the machine's owner can do."""
        return (
            f"Where the machine can do without, remove it yourself (`apt-get remove {' '.join(self.removed)}`);"
            " else use another machine or VM."
        )

    def __str__(self) -> str:
        return f"installing {', '.join(self.wanted)} would remove {', '.join(self.removed)}"


def missing(packages: Sequence[str] = NEEDED) -> list[str]:
    """Those that are not installed, or whose installation was cut off: their units may be enabled."""
    states, begun = _states(packages), _listed(paths.INSTALLING_PACKAGES)
    return [package for package in packages if states.get(package) != "installed" or package in begun]


def _states(packages: Sequence[str]) -> dict[str, str]:
    """dpkg's state of each package that it knows."""
    shown = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\\n", *packages],
        check=False,
        capture_output=True,
        text=True,
    ).stdout
    return {package: state for package, _, state in (line.partition(" ") for line in shown.splitlines())}


def removals(packages: Sequence[str]) -> Removals | None:
    """What apt would remove for these, by its own simulation; None for nothing. HostError where it finds no way."""
    removed = _removed_for(packages)
    if not removed:
        return None
    wanted = tuple(package for package in packages if _removed_for([package]))
    return Removals(tuple(removed), wanted or tuple(packages))


def is_interrupted() -> bool:
    """Whether an installation on this machine, by whomever, was cut off: until it is completed apt installs nothing."""
    root = os.environ.get("DPKG_ROOT", "")
    if any(entry.name.isdigit() for entry in entries(Path(f"{root}{_UPDATES}"))):
        return True
    shown = run(["dpkg-query", "--show", "--showformat", "${db:Status-Status}\\n"])
    return not _UNFINISHED.isdisjoint(shown.split())


def install(packages: Sequence[str], report: Report) -> None:
    """Install from the machine's own package sources, without questions and without starting services.

    An installation that was cut off is completed first. Raises RemovalError where packages would have to go, before
    anything is installed.
    """
    log = paths.LOGS / "apt.log"
    with services_stay_stopped(), _units_stay_disabled(log):
        if is_interrupted():
            report("completing an installation that was cut off", None)
            # dpkg does not wait for its lock. apt does, and then fails: it is interrupted.
            succeeds(["apt-get", *_WAIT, "check"], timeout_seconds=_WAIT_SECONDS + 60)
            run(["dpkg", "--configure", "-a"], env=_APT, log=log)
        report("reading the package lists", None)
        run(["apt-get", *_WAIT, "update"], env=_APT, log=log)
        if found := removals(packages):
            raise RemovalError(f"{found}. {found.remedy}")
        _begin(packages)
        count = AptCount(report)
        run(["apt-get", *_WAIT, *_INSTALL, "--no-remove", *packages], env=_APT, log=log, on_line=count.see)


def installed_by_us() -> list[str]:
    """Packages that were not on this machine before `make up` or `make test`, as long as the cache is there."""
    return _listed(paths.INSTALLED_PACKAGES)


def _begin(packages: Sequence[str]) -> None:
    """Written before apt begins: what it has set up by the time it is killed is named, and disabled by the next run."""
    for file in (paths.INSTALLED_PACKAGES, paths.INSTALLING_PACKAGES):
        write_if_changed(file, "".join(f"{package}\n" for package in sorted({*_listed(file), *packages})))


def _listed(file: Path) -> list[str]:
    return sorted({package for _, text in contents([file]) for package in text.decode().split()})


@contextmanager
def _units_stay_disabled(log: Path) -> Iterator[None]:
    """After the block the units of what was installed are disabled, also of what an earlier run was killed at.

    Not those of packages whose installation had ended: the machine's owner may have enabled them since.
    """
    try:
        yield
    finally:
        begun = _listed(paths.INSTALLING_PACKAGES)
        units = [_UNITS[package] for package in begun if package in _UNITS and _has_files(package)]
        if units and shutil.which("systemctl"):
            run(["systemctl", "disable", "--quiet", *units], log=log)
    paths.INSTALLING_PACKAGES.unlink(missing_ok=True)


def _has_files(package: str) -> bool:
    return _states([package]).get(package, "not-installed") not in {"not-installed", "config-files", "half-installed"}


def _removed_for(packages: Sequence[str]) -> list[str]:
    try:
        shown = run(["apt-get", "--simulate", *_INSTALL, *packages], env=_APT)
    except CommandError as error:
        raise HostError(f"apt cannot install {', '.join(packages)}: {error}") from error
    return re.findall(r"^Remv (\S+)", shown, re.MULTILINE)


class AptCount:
    """The share of an installation that is done, counted from apt's own lines."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._total = 1
        self._done = 0

    def see(self, line: str) -> None:
        """Take one line of apt's output."""
        if found := re.search(r"(\d+) newly installed", line):
            self._total = 3 * max(1, int(found[1]))  # fetched, unpacked and set up
        elif line.startswith(("Get:", "Unpacking ", "Setting up ")):
            self._done += 1
            self._report(line.partition(" (")[0][:70], min(1.0, self._done / self._total))


@contextmanager
def services_stay_stopped() -> Iterator[None]:
    """While the block runs, package scripts may not start services. The machine's own policy is put back after it."""
    restore_service_policy()
    # Moved and not copied: it may be a link, and what it leads to is another package's.
    with suppress(FileNotFoundError):
        _POLICY.rename(_POLICY_SAVED)
    try:
        write_if_changed(_POLICY, _POLICY_TEXT, mode=0o755)
        yield
    finally:
        restore_service_policy()


def restore_service_policy() -> None:
    """Put the machine's policy back, also one that a killed run left replaced."""
    if os.path.lexists(_POLICY_SAVED):
        _POLICY_SAVED.replace(_POLICY)
    elif _POLICY.is_file() and not _POLICY.is_symlink() and _POLICY.read_text() == _POLICY_TEXT:
        _POLICY.unlink()
