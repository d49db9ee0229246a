"""The AWS operations that are served here instead of by moto: a module or package per service, found by being here.

Each declares `SERVICE = Service("eks")` and a function per operation under `@SERVICE.operation("CreateAddon")`;
handlers may use moto's backends (`eks_backends[call.account][call.region]`), and `call.state(kind)` for what moto has
no place for. See `patchbay_standins.aws.service`.
"""

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from typing import Final

from patchbay_standins.aws.service import Service

SERVICES: Final[tuple[Service, ...]] = tuple(
    importlib.import_module(f"{__name__}.{module.name}").SERVICE for module in pkgutil.iter_modules(__path__)
)

# Service to operations, as botocore names both.
ADDED: Final[Mapping[str, Sequence[str]]] = {service.name: service.operations for service in SERVICES}
