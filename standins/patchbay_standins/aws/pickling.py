"""Pickles moto's state: what pickle alone can do, and what it cannot (locks, keys, local functions, ...)."""

import importlib
import marshal
import pickle
import sys
import threading
import types
import weakref
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final, cast

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from moto.core.base_backend import AccountSpecificBackend, BackendDict, BaseBackend

Place = tuple[str, str]  # a module, and a name in it


def place_of(services: BackendDict[Any]) -> Place:
    """Where moto keeps this service's backends."""
    module = services.backend.__module__.rsplit(".models", 1)[0] + ".models"
    for name, value in vars(sys.modules[module]).items():
        if value is services:
            return module, name
    raise pickle.PicklingError(f"moto keeps the backends of {services.service_name} in a place that is not known")


def at_place(place: Place) -> BackendDict[BaseBackend]:
    """The backends that moto keeps there."""
    module, name = place
    return cast(BackendDict[BaseBackend], getattr(importlib.import_module(module), name))


class Pickler(pickle.Pickler):
    """Its pickles are of one version of moto and of Python: local functions are saved as code objects."""

    def reducer_override(self, obj: Any) -> Any:
        kind = type(obj)
        # By exact type once it is known: this is asked for each of some 20,000 objects.
        if kind not in _REDUCER_OF:
            _REDUCER_OF[kind] = next((reduce for base, reduce in _REDUCERS if issubclass(kind, base)), None)
        reduce = _REDUCER_OF[kind]
        return NotImplemented if reduce is None else reduce(obj)


def _reduce_account(account: AccountSpecificBackend[Any]) -> Any:
    raise pickle.PicklingError(f"{account.service_name}: a resource refers to its whole account")


def _new_lock() -> Any:
    return threading.Lock()


def _new_rlock() -> Any:
    return threading.RLock()


def _function(code: bytes, module: str, name: str, defaults: tuple[Any, ...] | None, cells: tuple[Any, ...]) -> Any:
    closure = tuple(types.CellType(content) for content in cells)
    loaded = marshal.loads(code)  # noqa: S302 # of our own file, see snapshot.restore
    return types.FunctionType(loaded, vars(importlib.import_module(module)), name, defaults, closure)


def _reduce_function(function: types.FunctionType) -> Any:
    if "<locals>" not in function.__qualname__:
        return NotImplemented  # pickle knows it by its name
    cells = tuple(cell.cell_contents for cell in function.__closure__ or ())
    code = marshal.dumps(function.__code__)
    return _function, (code, function.__module__, function.__name__, function.__defaults__, cells)


def _defaultdict(kind: type[defaultdict[Any, Any]], factory: Any) -> defaultdict[Any, Any]:
    made = kind.__new__(kind)
    defaultdict.__init__(made, factory)
    return made


def _reduce_defaultdict(mapping: defaultdict[Any, Any]) -> Any:
    if type(mapping) is defaultdict:
        return NotImplemented
    # pickle would call the subclass as if it took what defaultdict takes.
    return _defaultdict, (type(mapping), mapping.default_factory), vars(mapping), None, iter(mapping.items())


def _private_key(der: bytes) -> Any:
    return serialization.load_der_private_key(der, None)


def _reduce_private_key(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> Any:
    encoding = serialization.Encoding.DER
    der = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return _private_key, (der,)


def _certificate(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


def _reduce_certificate(certificate: x509.Certificate) -> Any:
    return _certificate, (certificate.public_bytes(serialization.Encoding.DER),)


_REDUCERS: Final[tuple[tuple[type, Callable[[Any], Any]], ...]] = (
    (BackendDict, lambda services: (at_place, (place_of(services),))),
    (AccountSpecificBackend, _reduce_account),
    (types.FunctionType, _reduce_function),
    (defaultdict, _reduce_defaultdict),
    (type(threading.Lock()), lambda _: (_new_lock, ())),
    (type(threading.RLock()), lambda _: (_new_rlock, ())),
    (weakref.ref, lambda reference: (weakref.ref, (reference(),))),
    (x509.Certificate, _reduce_certificate),
    (rsa.RSAPrivateKey, _reduce_private_key),
    (ec.EllipticCurvePrivateKey, _reduce_private_key),
)
_REDUCER_OF: Final[dict[type, Callable[[Any], Any] | None]] = {}
