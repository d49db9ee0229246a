"""Elastic Load Balancing as an emulated service, and moto's backend of a call."""

from typing import Final

from moto.elbv2.models import ELBv2Backend, elbv2_backends

from patchbay_standins.aws.service import Call, Service

SERVICE: Final = Service("elbv2", signing_name="elasticloadbalancing")


def backend(call: Call) -> ELBv2Backend:
    found: ELBv2Backend = elbv2_backends[call.account][call.region]
    return found
