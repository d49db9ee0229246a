"""buildah with storage of its own, so that the machine's other images are left alone."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from patchbay_local.build.images import debian
from patchbay_local.machine import paths
from patchbay_local.machine.programs import run

_STORAGE: Final = (
    "--root",
    str(paths.IMAGES / "storage"),
    "--runroot",
    str(paths.RUN / "buildah"),
    "--storage-driver",
    "overlay",
)
_CERTIFICATES: Final = Path("/etc/ssl/certs")


def local_name(image: str) -> str:
    """The name of an image in buildah's storage."""
    return f"localhost/patchbay/{image}"


def exists(image: str) -> bool:
    """Whether the image is in buildah's storage."""
    command = ["buildah", *_STORAGE, "images", "--quiet", local_name(image)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def build(image: str, dockerfile: Path, context: Path, arguments: Mapping[str, str], log: Path) -> None:
    """Build a Dockerfile without a daemon.

    A build step trusts the certificates and uses the pip settings of this machine, and the logins of its Debian
    mirrors; the image keeps none of them.
    """
    command = ["buildah", *_STORAGE, "bud", "--isolation", "chroot", "--layers", "--pull-never", "--format", "oci"]
    for key, value in arguments.items():
        command += ["--build-arg", f"{key}={value}"]
    with _pip_settings() as mounts, debian.logins() as logins:
        certificates = [f"{_CERTIFICATES}:{_CERTIFICATES}:ro"] if _CERTIFICATES.is_dir() else []
        mirrors = [f"{logins}:{debian.LOGINS}:ro"] if logins else []
        for mount in (*mounts, *certificates, *mirrors):
            command += ["--volume", mount]
        command += ["--tag", local_name(image), "--file", str(dockerfile), str(context)]
        run(command, log=log, low_priority=True)


def size(image: str) -> int:
    """Bytes of the image's layers, unpacked."""
    command = ["buildah", *_STORAGE, "images", "--json", local_name(image)]
    shown = json.loads(run(command))
    return _bytes(shown[0]["size"])


def push(image: str, destination: str, log: Path) -> str:
    """Push to a registry on loopback (without TLS) and return the manifest's digest."""
    digest_file = paths.IMAGES / f"{image}.digest"
    command = ["buildah", *_STORAGE, "push", "--tls-verify=false", "--digestfile", str(digest_file)]
    run([*command, local_name(image), f"docker://{destination}"], log=log, low_priority=True)
    digest = digest_file.read_text().strip()
    digest_file.unlink()
    return digest


def remove_leftovers() -> None:
    """Drop the working containers of interrupted builds; the layers that they had finished are used again."""
    run(["buildah", *_STORAGE, "rm", "--all"])


@contextmanager
def _pip_settings() -> Iterator[list[str]]:
    """A pip.conf with this machine's settings (index, certificates), as mounts for build steps."""
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=False, capture_output=True, text=True
    )
    settings = parse_pip_settings(listing.stdout)
    settings.pop("cert", None)  # build steps get the certificates where Debian's Python looks for them
    if not settings:
        yield []
        return
    directory = paths.RUN / "pip"
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = directory / f"{os.getpid()}-{os.urandom(4).hex()}.conf"
    # An index address may hold a password: readable by root only, and gone after the build.
    with os.fdopen(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as handle:
        handle.write("[global]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items()))
    wheels = [path for path in settings.get("find-links", "").split() if Path(path).is_dir()]
    try:
        yield [f"{file}:/etc/pip.conf:ro", *(f"{path}:{path}:ro" for path in wheels)]
    finally:
        file.unlink(missing_ok=True)


def parse_pip_settings(listing: str) -> dict[str, str]:
    """`pip config list` ("global.timeout='60'") as one section; the environment's values win over the files'."""
    found: dict[str, str] = {}
    from_environment: dict[str, str] = {}
    for line in listing.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in {"global", "install"}:
            found[name] = value.strip("'\"")
        elif section == ":env:":
            from_environment[name] = value.strip("'\"")
    return found | from_environment


def _bytes(text: str) -> int:
    number, unit = text.split()
    return int(float(number) * {"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9}[unit.upper()])
