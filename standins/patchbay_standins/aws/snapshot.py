"""All of moto's state and ours as one file: written whole and renamed, read back only by the moto that wrote it."""

import importlib.metadata
import io
import json
import os
import pickle
import platform
import stat
from pathlib import Path
from typing import Any, Final

from moto.core.base_backend import BackendDict

from patchbay_standins.aws.pickling import Pickler, at_place, place_of
from patchbay_standins.aws.state import all_states, replace_states

_FORMAT: Final = 1
# What a BackendDict is made of; anything else in one is state, such as the owners of S3's bucket names.
_MADE_BY_MOTO: Final = frozenset({"backend", "service_name", "_use_boto3_regions", "_additional_regions", "_id"})


class SnapshotError(Exception):
    """A snapshot that cannot be used."""


def take(account: str) -> bytes:
    """The state of the account. No call may be served meanwhile."""
    backends = {}
    for services in BackendDict._instances:  # type: ignore[misc] # moto's list of the backends in use
        # moto makes a backend of its default account for each service, only to read the service's paths.
        regions = dict(services[account]) if account in services else {}
        backends[place_of(services)] = (_attributes(services), regions)
    file = io.BytesIO()
    file.write(json.dumps(_header(account)).encode() + b"\n")
    Pickler(file, protocol=5).dump({"backends": backends, "states": all_states()})
    return file.getvalue()


def save(snapshot: bytes, path: Path) -> None:
    """Replaces the file at once: a reader, or a start after a kill, sees the old one or the new one.

    OSError where it cannot be written; the old one stays, and nothing of the new one takes room.
    """
    new = path.with_suffix(".new")
    try:
        new.touch(mode=0o600)
        with new.open("wb") as file:
            file.write(snapshot)
            file.flush()
            # Some file systems tell only now that they have no room.
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def restore(path: Path, account: str) -> bool:
    """Puts the saved state back; False where none was saved.

    Raises SnapshotError for a file of another account, version of moto or of Python, or one that others can write.
    """
    try:
        with path.open("rb") as file:
            header = file.readline()
            content = file.read()
    except FileNotFoundError:
        return False
    if path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SnapshotError(f"{path} can be written by other users, who could run programs by it: chmod 600 it")
    _check(path, header, _header(account))
    try:
        loaded = pickle.loads(content)  # noqa: S301 # nobody else can write it
    except Exception as error:
        raise SnapshotError(f"{path} cannot be read ({type(error).__name__}: {error}). {_remedy(path)}") from error
    for place, (attributes, regions) in loaded["backends"].items():
        services = at_place(place)
        vars(services).update(attributes)
        dict.update(services[account], regions)
    replace_states(loaded["states"])
    return True


def _header(account: str) -> dict[str, object]:
    return {
        "format": _FORMAT,
        "moto": importlib.metadata.version("moto"),
        "python": ".".join(platform.python_version_tuple()[:2]),
        "account": account,
    }


def _check(path: Path, line: bytes, expected: dict[str, object]) -> None:
    try:
        found = json.loads(line)
    except ValueError:
        found = {}
    for name, value in expected.items():
        if found.get(name) != value:
            raise SnapshotError(f"{path} is of {name} {found.get(name)}, this emulator of {value}. {_remedy(path)}")


def _remedy(path: Path) -> str:
    return (
        f"Go back to the version that wrote it, or delete {path.parent} for an empty account"
        " (and remove the stack's state, which tells of resources that are gone then)"
    )


def _attributes(services: BackendDict[Any]) -> dict[str, Any]:
    return {name: value for name, value in vars(services).items() if name not in _MADE_BY_MOTO}
