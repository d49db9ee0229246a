"""All of moto's state and ours as one file: written whole and renamed, read back only by the moto that wrote it."""

import importlib.metadata
import io
import json
import pickle
import platform
import stat
import sys
import threading
from pathlib import Path
from typing import Any, Final, cast

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from moto.core.base_backend import AccountSpecificBackend, BackendDict, BaseBackend

from patchbay_local.emulator.state import all_states, replace_states

_FORMAT: Final = 1
_LOCK_TYPES: Final = (type(threading.Lock()), type(threading.RLock()))
# What a BackendDict is made of; anything else in one is state, such as the owners of S3's bucket names.
_MADE_BY_MOTO: Final = frozenset(
    {"backend", "service_name", "_use_boto3_regions", "_additional_regions", "_id", "_instances"}
)


class SnapshotError(Exception):
    """A snapshot that cannot be used."""


def take(account: str) -> bytes:
    """The state of the account. No call may be served meanwhile."""
    backends = {}
    for services in BackendDict._instances:  # type: ignore[misc] # moto's list of the backends in use
        # moto makes a backend of its default account for each service, only to read the service's paths.
        regions = dict(services[account]) if account in services else {}
        backends[_place(services)] = (_attributes(services), regions)
    file = io.BytesIO()
    file.write(json.dumps(_header(account)).encode() + b"\n")
    _Pickler(file, protocol=5).dump({"backends": backends, "states": all_states()})
    return file.getvalue()


def save(snapshot: bytes, path: Path) -> None:
    """Replaces the file at once: a reader, or a start after a kill, sees the old one or the new one."""
    new = path.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_bytes(snapshot)
    new.replace(path)


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
        loaded = _Unpickler(io.BytesIO(content)).load()
    except Exception as error:
        raise SnapshotError(f"{path} cannot be read ({type(error).__name__}: {error}). {_remedy(path)}") from error
    for (module, name), (attributes, regions) in loaded["backends"].items():
        services = _at((module, name))
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


def _place(services: BackendDict[Any]) -> tuple[str, str]:
    """Module and name of moto's global."""
    module = services.backend.__module__.rsplit(".models", 1)[0] + ".models"
    for name, value in vars(sys.modules[module]).items():
        if value is services:
            return module, name
    raise SnapshotError(f"moto keeps the backends of {services.service_name} in a place that is not known")


def _at(place: tuple[str, str]) -> BackendDict[BaseBackend]:
    module, name = place
    return cast(BackendDict[BaseBackend], getattr(importlib.import_module(module), name))


def _lock() -> threading.Lock:
    return threading.Lock()


def _rlock() -> Any:
    return threading.RLock()


def _private_key(der: bytes) -> Any:
    return serialization.load_der_private_key(der, None)


def _certificate(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


class _Pickler(pickle.Pickler):
    """Knows what pickle does not: locks (made anew), keys and certificates (DER), moto's globals (their place)."""

    def persistent_id(self, obj: Any) -> Any:
        if isinstance(obj, BackendDict):
            return _place(obj)
        if isinstance(obj, AccountSpecificBackend):
            raise pickle.PicklingError(f"{obj.service_name}: a resource refers to the whole account")
        return None

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, _LOCK_TYPES):
            return (_lock if isinstance(obj, _LOCK_TYPES[0]) else _rlock), ()
        if isinstance(obj, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            der = obj.private_bytes(
                serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            return _private_key, (der,)
        if isinstance(obj, x509.Certificate):
            return _certificate, (obj.public_bytes(serialization.Encoding.DER),)
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, pid: Any) -> Any:
        return _at(pid)
