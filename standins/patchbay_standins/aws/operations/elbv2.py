"""Load balancers: deletion protection holds, attributes have their defaults, and only TLS listeners a TLS policy."""

from typing import Any, Final

from moto.elbv2.models import ELBv2Backend, FakeLoadBalancer, elbv2_backends
from moto.wafv2.models import wafv2_backends

from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Result, Served, Service

SERVICE: Final = Service("elbv2", signing_name="elasticloadbalancing")

_DEFAULTS: Final = {
    "access_logs.s3.enabled": "false",
    "connection_logs.s3.enabled": "false",
    "connection_logs.s3.bucket": "",
    "connection_logs.s3.prefix": "",
    "client_keep_alive.seconds": "3600",
    "idle_timeout.timeout_seconds": "60",
    "load_balancing.cross_zone.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
    "zonal_shift.config.enabled": "false",
}


def _backend(call: Call) -> ELBv2Backend:
    found: ELBv2Backend = elbv2_backends[call.account][call.region]
    return found


def _fill(balancer: FakeLoadBalancer) -> None:
    """Gives an application load balancer the attributes that it was not given."""
    if balancer.type != "application":
        return
    # On an application load balancer this one is always on; moto has it off.
    fixed = {"load_balancing.cross_zone.enabled": "true"}
    balancer.attrs = {**_DEFAULTS, **balancer.attrs, **fixed}


@SERVICE.operation("DescribeLoadBalancerAttributes")
def describe_load_balancer_attributes(call: Call) -> Served:
    balancer = _backend(call).load_balancers.get(call["LoadBalancerArn"])
    if balancer is not None:
        _fill(balancer)
    return BY_MOTO


@SERVICE.operation("DeleteLoadBalancer")
def delete_load_balancer(call: Call) -> Served:
    arn = call["LoadBalancerArn"]
    balancer = _backend(call).load_balancers.get(arn)
    if balancer is not None and balancer.attrs.get("deletion_protection.enabled") == "true":
        raise AwsError(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )
    wafv2_backends[call.account][call.region].disassociate_web_acl(arn)
    return BY_MOTO


@SERVICE.operation("DescribeListeners")
def describe_listeners(call: Call) -> Served:
    balancers = _backend(call).load_balancers.values()
    listeners: list[Any] = [listener for balancer in balancers for listener in balancer.listeners.values()]
    for listener in listeners:
        if listener.protocol not in {"HTTPS", "TLS"}:
            listener.ssl_policy = None
    return BY_MOTO


@SERVICE.operation("DescribeListenerAttributes")
def describe_listener_attributes(call: Call) -> Result | Served:
    listener = _backend(call).describe_listeners(load_balancer_arn=None, listener_arns=[call["ListenerArn"]])[0]
    if listener.protocol not in {"HTTP", "HTTPS"}:
        return BY_MOTO
    attributes = {"routing.http.response.server.enabled": "true", **listener.attributes}
    del attributes["tcp.idle_timeout.seconds"]
    return {"Attributes": [{"Key": key, "Value": value} for key, value in attributes.items()]}
