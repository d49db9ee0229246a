"""Listeners and rules: one of each port and priority, certificates that are issued, a TLS policy for TLS alone."""

from collections.abc import Sequence
from typing import Any, Final

from moto.acm.models import acm_backends

from patchbay_standins.aws.operations import acm
from patchbay_standins.aws.operations.elbv2.api import SERVICE, backend
from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Result, Served

_SECURE: Final = frozenset({"HTTPS", "TLS"})


@SERVICE.operation("CreateListener")
def create_listener(call: Call) -> Served:
    name = call["LoadBalancerArn"]
    balancer: Any = backend(call).load_balancers.get(name)
    listeners = balancer.listeners.values() if balancer else ()
    if any(str(listener.port) == str(call.get("Port")) for listener in listeners):
        # hashicorp/terraform 26407. AWS answers a call that says the same as one before with the listener that there
        # is; a program that makes a listener twice is refused here.
        raise AwsError("DuplicateListener", f"A listener already exists on this port for this load balancer '{name}'")
    certificates = call.get("Certificates", ())
    if call.get("Protocol") in _SECURE and not certificates:
        # pulumi/pulumi-awsx 1242
        raise AwsError("ValidationError", f"A certificate must be specified for {call['Protocol']} listeners")
    _require_issued(call, certificates)
    return BY_MOTO


@SERVICE.operation("ModifyListener")
def modify_listener(call: Call) -> Served:
    _require_issued(call, call.get("Certificates", ()))
    return BY_MOTO


@SERVICE.operation("CreateRule")
def create_rule(call: Call) -> Served:
    balancers = backend(call).load_balancers.values()
    listeners = (listener for balancer in balancers for listener in balancer.listeners.values())
    for listener in listeners:
        if listener.arn == call["ListenerArn"] and any(
            str(rule.priority) == str(call["Priority"]) for rule in listener.rules.values()
        ):
            # hashicorp/terraform 24239
            raise AwsError("PriorityInUse", f"Priority '{call['Priority']}' is currently in use")
    return BY_MOTO


def _require_issued(call: Call, certificates: Sequence[Any]) -> None:
    """Refuses a certificate of ACM that waits for its record."""
    held = acm_backends[call.account][call.region]._certificates
    for given in certificates:
        certificate = held.get(given.get("CertificateArn"))
        if certificate is None:
            continue
        acm.validate(call, certificate)
        if certificate.status != "ISSUED":
            # hashicorp/terraform-provider-aws 41789
            raise AwsError(
                "UnsupportedCertificate",
                f"The certificate '{given['CertificateArn']}' must have a fully-qualified domain name, a supported "
                "signature, and a supported key size.",
            )


@SERVICE.operation("DescribeListeners")
def describe_listeners(call: Call) -> Served:
    balancers = backend(call).load_balancers.values()
    listeners: list[Any] = [listener for balancer in balancers for listener in balancer.listeners.values()]
    for listener in listeners:
        if listener.protocol not in {"HTTPS", "TLS"}:
            listener.ssl_policy = None
    return BY_MOTO


@SERVICE.operation("DescribeListenerAttributes")
def describe_listener_attributes(call: Call) -> Result | Served:
    listener = backend(call).describe_listeners(load_balancer_arn=None, listener_arns=[call["ListenerArn"]])[0]
    if listener.protocol not in {"HTTP", "HTTPS"}:
        return BY_MOTO
    attributes = {"routing.http.response.server.enabled": "true", **listener.attributes}
    del attributes["tcp.idle_timeout.seconds"]
    return {"Attributes": [{"Key": key, "Value": value} for key, value in attributes.items()]}
