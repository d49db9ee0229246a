"""Debian packages: only what is missing is installed, and no service is started by it."""

import re
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from patchbay_local.machine import paths
from patchbay_local.machine.programs import run

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

Report = Callable[[str, float | None], None]


def missing(packages: Sequence[str] = NEEDED) -> list[str]:
    """Those that are not installed."""
    shown = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\\n", *packages],
        check=False,
        capture_output=True,
        text=True,
    ).stdout
    installed = {line.split()[0] for line in shown.splitlines() if line.endswith(" installed")}
    return [package for package in packages if package not in installed]


def install(packages: Sequence[str], report: Report) -> None:
    """Install from the machine's own package sources, without questions and without starting services."""
    log = paths.LOGS / "apt.log"
    environment = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    wait = ["-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0"]
    with services_stay_stopped():
        report("reading the package lists", None)
        run(["apt-get", *wait, "update"], env=environment, log=log)
        count = AptCount(report)
        command = ["apt-get", *wait, "install", "--yes", "--no-install-recommends", *packages]
        run(command, env=environment, log=log, on_line=count.see)
    if shutil.which("systemctl"):
        units = [unit for package, unit in _UNITS.items() if package in packages]
        if units:
            run(["systemctl", "disable", "--quiet", *units], log=log)


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
    if _POLICY.exists():
        shutil.copy2(_POLICY, _POLICY_SAVED)
    try:
        _POLICY.write_text(_POLICY_TEXT)
        _POLICY.chmod(stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
        yield
    finally:
        restore_service_policy()


def restore_service_policy() -> None:
    """Put the machine's policy back, also one that a killed run left replaced."""
    if _POLICY_SAVED.exists():
        _POLICY_SAVED.replace(_POLICY)
    elif _POLICY.exists() and _POLICY.read_text() == _POLICY_TEXT:
        _POLICY.unlink()
