"""Which images there are, what each is built from, and in which order."""

import hashlib
import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from patchbay_local.build.images import debian
from patchbay_local.machine import paths
from patchbay_local.machine.files import contents, files_below

_NATIVE: Final = Path(__file__).parent
_IGNORED: Final = shutil.ignore_patterns("__pycache__", "*.egg-info", "*.pyc", ".*")


@dataclass(frozen=True)
class Image:
    """An image and its Dockerfile's inputs.

    `base` is the image that the Dockerfile's BASE argument names. `program` is a file among the built tools (by its
    link in paths.BIN); `sources` are files or folders of the repository; `given` is a program from elsewhere, which
    the Dockerfile finds under the image's name. The Dockerfile sees only these.
    """

    name: str
    dockerfile: Path
    base: str | None = None
    program: str | None = None
    sources: tuple[str, ...] = field(default=())
    given: Path | None = None
    deployed: bool = True
    size_limit: int | None = None  # bytes, unpacked

    def stamp(self, base_stamp: str) -> str:
        """A hash of everything that the image is built from, its base included."""
        digest = hashlib.sha256(f"{platform.machine()}\n{base_stamp}\n".encode())
        digest.update(self.dockerfile.read_bytes())
        if self.name == BASE.name:
            digest.update(f"{debian.release()} {debian.RECIPE}".encode())
        if self.program:
            digest.update(str(tool(self.program)).encode())  # the folder's name is the build's stamp
        if self.given:
            digest.update(_bytes_of(self.given))
        for path, content in contents(self._files()):
            digest.update(f"{path.relative_to(paths.REPOSITORY)}\n".encode())
            digest.update(content)
        return digest.hexdigest()[:16]

    def prepare_context(self) -> Path:
        """A folder that holds the inputs and nothing else."""
        context = paths.IMAGES / "context" / self.name
        if self.program:
            return tool(self.program).parent
        shutil.rmtree(context, ignore_errors=True)
        context.mkdir(parents=True)
        if self.given:
            program = context / self.name
            program.write_bytes(_bytes_of(self.given))
            program.chmod(0o755)
        for source in self.sources:
            origin, target = paths.REPOSITORY / source, context / source
            target.parent.mkdir(parents=True, exist_ok=True)
            if origin.is_dir():
                shutil.copytree(origin, target, ignore=_IGNORED)
            else:
                shutil.copyfile(origin, target)
        return context

    def _files(self) -> list[Path]:
        found: list[Path] = []
        for source in self.sources:
            origin = paths.REPOSITORY / source
            if origin.is_file():
                found.append(origin)
                continue
            found += [path for path in files_below(origin) if not _IGNORED("", list(path.relative_to(origin).parts))]
        return sorted(found)


def tool(link: str) -> Path:
    """The built program behind a link in paths.BIN."""
    return (paths.BIN / link).resolve(strict=True)


def _bytes_of(program: Path) -> bytes:
    try:
        return program.read_bytes()
    except OSError as error:
        raise FileNotFoundError(f"{program} cannot be read ({error.strerror}): name another program, or none") from None


def _native(name: str) -> Path:
    return _NATIVE / name / "Dockerfile"


def _service(name: str) -> Image:
    return Image(name, _native(name), base=BASE.name)


def _cluster_autoscaler(given: str | None) -> Image:
    """The stand-in's image; made from the program at the path instead, where one is given."""
    name = "cluster-autoscaler"
    if given:
        return Image(name, _native(f"{name}-given"), base=BASE.name, given=Path(given).expanduser().absolute())
    return Image(
        name,
        _native(name),
        base=PYTHON.name,
        sources=(
            "requirements/autoscaler.txt",
            "runtime/patchbay_runtime/__init__.py",
            "runtime/patchbay_runtime/quantity.py",
            "standins/patchbay_standins/__init__.py",
            "standins/patchbay_standins/cluster_autoscaler",
        ),
        size_limit=160_000_000,
    )


def _static(name: str, program: str) -> Image:
    return Image(name, _native(name), program=program)


# The environment variable that names a program to take the stand-in's place, such as upstream's own.
CLUSTER_AUTOSCALER: Final = "PATCHBAY_CLUSTER_AUTOSCALER"

BASE: Final = Image("base", _native("base"), deployed=False)
PYTHON: Final = Image("python", _native("python"), base=BASE.name, deployed=False)

# Built from Debian packages and this repository: they need no program of ours.
FROM_PACKAGES: Final = (
    BASE,
    PYTHON,
    Image(
        "runtime",
        paths.REPOSITORY / "runtime" / "Dockerfile",
        base=PYTHON.name,
        sources=("requirements/runtime.txt", "runtime/patchbay_runtime"),
        size_limit=200_000_000,
    ),
    _cluster_autoscaler(os.environ.get(CLUSTER_AUTOSCALER)),
    *(_service(name) for name in ("redis", "mariadb", "prometheus", "haproxy")),
)
# One static program each.
FROM_TOOLS: Final = (
    _static("coredns", "coredns"),
    _static("json-exporter", "json_exporter"),
    _static("keda", "keda"),
    _static("keda-metrics-adapter", "keda-adapter"),
    _static("pause", "pause"),
)
BY_NAME: Final[Mapping[str, Image]] = {image.name: image for image in (*FROM_PACKAGES, *FROM_TOOLS)}
DEPLOYED: Final = tuple(image for image in BY_NAME.values() if image.deployed)
