"""The Debian system below the images, made by mmdebstrap from the mirrors that this machine uses."""

import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from patchbay_local.machine import paths
from patchbay_local.machine.programs import LOGIN, run

# What no image needs: documentation, translations, and character sets other than the C library's own.
_EXCLUDED: Final = (
    "/usr/share/doc/*",
    "/usr/share/info/*",
    "/usr/share/lintian/*",
    "/usr/share/locale/*",
    "/usr/share/man/*",
    "/usr/lib/*/gconv/*",
)
# Debian's essential packages want either; usrmerge would bring all of Perl.
_PIN: Final = "Package: usrmerge\\nPin: release *\\nPin-Priority: -1\\n"
# Installed here because build steps mount the machine's certificates, over which a package cannot write its own.
_PACKAGES: Final = ("ca-certificates",)
_ORIGINS: Final = frozenset({"Debian"})
# Where apt looks for logins, in an image that is being made.
LOGINS: Final = Path("/etc/apt/auth.conf.d/mirrors.conf")

RECIPE: Final = f"minbase {_PACKAGES} {_EXCLUDED} {_PIN}"


def release() -> str:
    """This machine's Debian release by its code name; images are made of the same one."""
    for line in Path("/etc/os-release").read_text().splitlines():
        key, _, value = line.partition("=")
        if key == "VERSION_CODENAME":
            return value.strip('"')
    raise RuntimeError("/etc/os-release names no VERSION_CODENAME: a Debian release is needed")


def sources() -> list[str]:
    """One-line apt sources: the machine's own Debian mirrors, so that its network rules hold for images too.

    Without the logins that their addresses may hold: these lines stay in the images, and on a command line.
    """
    codename = release()
    if found := parse_sources(_index_targets(), codename):
        return found
    # apt tells a mirror's origin only once it has fetched its lists.
    subprocess.run(["apt-get", "-qq", "update"], check=True)
    if found := parse_sources(_index_targets(), codename):
        return found
    raise RuntimeError(f"apt has no Debian mirror of {codename} main; add one to /etc/apt/sources.list")


def _index_targets() -> str:
    fields = "$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)"
    command = ["apt-get", "indextargets", "--format", fields, "Created-By: Packages"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def parse_sources(listing: str, codename: str) -> list[str]:
    """apt's index targets (origin|address|release|component per line) as one-line sources of Debian's main."""
    found = []
    for line in listing.splitlines():
        origin, address, suite, component = line.split("|")
        if origin in _ORIGINS and component == "main" and suite.startswith(codename):
            found.append(f"deb {LOGIN.sub('', address)} {suite} main")
    return sorted(set(found))


def parse_logins(listing: str) -> str:
    """The logins in the addresses of apt's index targets, in the form of its auth.conf; empty where there is none."""
    found = set()
    for line in listing.splitlines():
        address = line.split("|")[1]
        if login := LOGIN.search(address):
            user, _, password = login[1].partition(":")
            found.add(f"machine {LOGIN.sub('', address)} login {unquote(user)} password {unquote(password)}\n")
    return "".join(sorted(found))


@contextmanager
def logins() -> Iterator[Path | None]:
    """A file of the mirrors' logins, readable by root only and gone after the block; None where none is needed."""
    content = parse_logins(_index_targets())
    if not content:
        yield None
        return
    directory = paths.RUN / "apt"
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = directory / f"{os.getpid()}-{os.urandom(4).hex()}.conf"
    with os.fdopen(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as handle:
        handle.write(content)
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def bootstrap(target: Path, log: Path) -> None:
    """Write the system as a tar file."""
    options = [f"--dpkgopt=path-exclude={pattern}" for pattern in _EXCLUDED]
    pin = f'mkdir -p "$1/etc/apt/preferences.d" && printf "{_PIN}" > "$1/etc/apt/preferences.d/usr-is-merged"'
    partial = target.with_suffix(".partial.tar")
    partial.unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    mirrors = sources()
    with logins() as file:
        hooks = [f"--setup-hook={pin}"]
        if file:
            hooks.append(f'--setup-hook=install -D -m 600 {shlex.quote(str(file))} "$1{LOGINS}"')
            hooks.append(f'--customize-hook=rm "$1{LOGINS}"')
        command = [
            "mmdebstrap",
            "--mode=root",
            "--variant=minbase",
            "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
            f"--include={','.join(_PACKAGES)}",
            *hooks,
            *options,
            '--aptopt=APT::Install-Recommends "false"',
            release(),
            str(partial),
            *mirrors,
        ]
        run(command, log=log, low_priority=True)
    partial.rename(target)
