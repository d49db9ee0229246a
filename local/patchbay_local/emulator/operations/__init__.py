"""The AWS operations that are served here instead of by moto: one module per service, each with its SERVICE.

A module of this folder declares `SERVICE = Service("eks")` and a function per operation under
`@SERVICE.operation("CreateAddon")`; handlers may use moto's backends (`eks_backends[call.account][call.region]`) and
`call.state(kind)` for what moto has no place for. See `patchbay_local.emulator.service`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from patchbay_local.emulator.operations import eks, elasticache, rds
from patchbay_local.emulator.service import Service

SERVICES: Final[tuple[Service, ...]] = (eks.SERVICE, elasticache.SERVICE, rds.SERVICE)

# Service to operations, as botocore names both.
ADDED: Final[Mapping[str, Sequence[str]]] = {service.name: service.operations for service in SERVICES}
