"""Building what changed, pushing it, and writing the lock of digests by which images are deployed."""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Final

from patchbay_local.build.images import buildah, debian, registry
from patchbay_local.build.images.catalogue import BASE, BY_NAME, DEPLOYED, Image
from patchbay_local.machine import addresses, paths

_RECORDS: Final = paths.IMAGES / "built.json"
_TAG: Final = "current"
_records_guard = threading.Lock()

# What is being done, and the share of it that is done (0 to 1).
Report = Callable[[str, float | None], None]


class ImageTooLargeError(RuntimeError):
    """An image outgrew the limit that its catalogue entry sets."""


@dataclass(frozen=True)
class Record:
    """A built image: the stamp of its inputs, its digest (None: not pushed), and its sizes in bytes."""

    stamp: str
    digest: str | None
    unpacked: int
    transfer: int


def is_current(image: Image) -> bool:
    """Whether the image, as its inputs are at this moment, is built (and pushed, if it is deployed)."""
    record = records().get(image.name)
    try:
        if record is None or record.stamp != stamp(image):
            return False
    except FileNotFoundError:  # an input, such as a program, is yet to be built
        return False
    if record.digest is None:
        return not image.deployed and buildah.exists(image.name)
    return registry.holds(image.name, record.digest)


def stamp(image: Image) -> str:
    """The hash of the image's inputs and of its base's, down to Debian."""
    return image.stamp(stamp(BY_NAME[image.base]) if image.base else "")


def build_all(images: Iterable[Image], report: Report) -> None:
    """Build and push those that are not current; bases come before what stands on them."""
    outdated = [image for image in images if not is_current(image)]
    if not outdated:
        return
    buildah.remove_leftovers()
    with registry.accepting_pushes():
        for number, image in enumerate(outdated):
            report(f"{image.name} ({number + 1} of {len(outdated)})", number / len(outdated))
            _build(image)


def write_lock() -> dict[str, str]:
    """Write the reference by digest of every deployed image to paths.IMAGE_LOCK; other processes see it whole."""
    known = records()
    lock = {
        image.name: f"{addresses.REGISTRY_HOST}/patchbay/{image.name}@{record.digest}"
        for image in sorted(DEPLOYED, key=lambda image: image.name)
        if (record := known.get(image.name)) and record.digest
    }
    paths.IMAGE_LOCK.parent.mkdir(parents=True, exist_ok=True)
    partial = paths.IMAGE_LOCK.with_suffix(".partial")
    partial.write_text(json.dumps(lock, indent=2) + "\n")
    partial.replace(paths.IMAGE_LOCK)
    return lock


def records() -> dict[str, Record]:
    """What is built, by image."""
    try:
        stored = json.loads(_RECORDS.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return {name: Record(**values) for name, values in stored.items()}


def forget() -> None:
    """Every image is made anew by the next build."""
    _RECORDS.unlink(missing_ok=True)


def _build(image: Image) -> None:
    log = paths.LOGS / f"image-{image.name}.log"
    fingerprint = stamp(image)
    context = image.prepare_context()
    if image.name == BASE.name:
        debian.bootstrap(context / "base.tar", log)
    arguments = {"BASE": buildah.local_name(image.base)} if image.base else {}
    buildah.build(image.name, image.dockerfile, context, arguments, log)
    unpacked = buildah.size(image.name)
    if image.size_limit and unpacked > image.size_limit:
        raise ImageTooLargeError(
            f"image {image.name} is {unpacked / 1e6:.0f} MB unpacked, its limit is {image.size_limit / 1e6:.0f} MB: "
            f"remove dependencies or files from {image.dockerfile}"
        )
    digest, transfer = None, 0
    if image.deployed:
        digest = buildah.push(image.name, f"{registry.PUSH_HOST}/patchbay/{image.name}:{_TAG}", log)
        transfer = registry.transfer_size(digest)
    _record(image.name, Record(fingerprint, digest, unpacked, transfer))


def _record(name: str, record: Record) -> None:
    with _records_guard:
        stored = {key: asdict(value) for key, value in records().items()} | {name: asdict(record)}
        partial = _RECORDS.with_suffix(".partial")
        partial.write_text(json.dumps(stored, indent=2) + "\n")
        partial.replace(_RECORDS)
