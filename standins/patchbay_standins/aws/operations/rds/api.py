"""The service, and moto's backend of a call."""

from typing import Final

from moto.rds.models import RDSBackend, rds_backends

from patchbay_standins.aws.service import Call, Service

SERVICE: Final = Service("rds")


def backend(call: Call) -> RDSBackend:
    found: RDSBackend = rds_backends[call.account][call.region]
    return found
