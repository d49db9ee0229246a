"""Elastic Load Balancing: load balancers and target groups."""

from collections.abc import Mapping
from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider.fields import unordered
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource, Values
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Ready, Row, Tags, Update

TAGS: Final = Tags(
    tag=Call("add_tags", {"ResourceArns": ["{id}"]}),
    untag=Call("remove_tags", {"ResourceArns": ["{id}"]}),
    read=Call("describe_tags", {"ResourceArns": ["{id}"]}, at="TagDescriptions[0].Tags"),
)

# Attributes by property, with what they are where nobody sets them.
_Attributes = Mapping[str, tuple[str, Any]]
_BALANCER_ATTRIBUTES: Final[_Attributes] = {
    "clientKeepAlive": ("client_keep_alive.seconds", 3600),
    "desyncMitigationMode": ("routing.http.desync_mitigation_mode", "defensive"),
    "dropInvalidHeaderFields": ("routing.http.drop_invalid_header_fields.enabled", False),
    "enableDeletionProtection": ("deletion_protection.enabled", False),
    "enableHttp2": ("routing.http2.enabled", True),
    "enableTlsVersionAndCipherSuiteHeaders": ("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", False),
    "enableWafFailOpen": ("waf.fail_open.enabled", False),
    "enableXffClientPort": ("routing.http.xff_client_port.enabled", False),
    "enableZonalShift": ("zonal_shift.config.enabled", False),
    "idleTimeout": ("idle_timeout.timeout_seconds", 60),
    "preserveHostHeader": ("routing.http.preserve_host_header.enabled", False),
    "xffHeaderProcessingMode": ("routing.http.xff_header_processing.mode", "append"),
}
_LOGS: Final = {"accessLogs": "access_logs.s3", "connectionLogs": "connection_logs.s3"}
_GROUP_ATTRIBUTES: Final[_Attributes] = {
    "deregistrationDelay": ("deregistration_delay.timeout_seconds", 300),
    "loadBalancingAlgorithmType": ("load_balancing.algorithm.type", None),
    "loadBalancingCrossZoneEnabled": ("load_balancing.cross_zone.enabled", None),
    "slowStart": ("slow_start.duration_seconds", 0),
}
_GROUP_MEMBERS: Final = {
    "ipAddressType": "IpAddressType",
    "name": "Name",
    "port": "Port",
    "protocol": "Protocol",
    "protocolVersion": "ProtocolVersion",
    "targetType": "TargetType",
    "vpcId": "VpcId",
}
_HEALTH_CHECK: Final = {
    "enabled": "HealthCheckEnabled",
    "healthyThreshold": "HealthyThresholdCount",
    "interval": "HealthCheckIntervalSeconds",
    "path": "HealthCheckPath",
    "port": "HealthCheckPort",
    "protocol": "HealthCheckProtocol",
    "timeout": "HealthCheckTimeoutSeconds",
    "unhealthyThreshold": "UnhealthyThresholdCount",
}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _pairs(known: _Attributes, values: Values) -> list[dict[str, str]]:
    return [
        {"Key": key, "Value": _text(values[name])} for name, (key, _) in known.items() if values.get(name) is not None
    ]


def _read_attributes(answer: Values, known: _Attributes) -> dict[str, str]:
    by_key = {pair["Key"]: pair["Value"] for pair in answer["Attributes"]}
    return by_key | {name: by_key[key] for name, (key, _) in known.items() if key in by_key}


def _default_fields(known: _Attributes) -> list[Field]:
    return [Field(name, default=default) for name, (_, default) in known.items() if default is not None]


def _set_balancer_attributes(resource: Resource) -> None:
    pairs = _pairs(_BALANCER_ATTRIBUTES, resource.inputs)
    for name, prefix in _LOGS.items():
        logs = resource.inputs.get(name) or ({"enabled": False} if resource.changed(name) else {})
        pairs += [{"Key": f"{prefix}.{part}", "Value": _text(value)} for part, value in logs.items()]
    resource.call("modify_load_balancer_attributes", LoadBalancerArn=resource.id, Attributes=pairs)


def _read_balancer(resource: Resource) -> dict[str, Any] | None:
    found = resource.call("describe_load_balancers", LoadBalancerArns=[resource.id])["LoadBalancers"]
    if not found:
        return None
    answer = resource.call("describe_load_balancer_attributes", LoadBalancerArn=resource.id)
    attributes = _read_attributes(answer, _BALANCER_ATTRIBUTES)
    logs = {
        name: {part: attributes.get(f"{prefix}.{part}") or None for part in ("bucket", "enabled", "prefix")}
        for name, prefix in _LOGS.items()
    }
    return {**found[0], **attributes, **logs}


def _health_check(inputs: Values) -> dict[str, Any]:
    given = inputs.get("healthCheck") or {}
    parameters = {member: given[name] for name, member in _HEALTH_CHECK.items() if given.get(name) is not None}
    return parameters | ({"Matcher": {"HttpCode": given["matcher"]}} if given.get("matcher") else {})


def _create_group(resource: Resource) -> dict[str, str]:
    inputs = resource.inputs
    parameters = {member: inputs[name] for name, member in _GROUP_MEMBERS.items() if inputs.get(name) is not None}
    if inputs.get("tags"):
        parameters["Tags"] = [{"Key": key, "Value": value} for key, value in inputs["tags"].items()]
    answer = resource.call("create_target_group", **parameters, **_health_check(inputs))
    return {"TargetGroupArn": answer["TargetGroups"][0]["TargetGroupArn"]}


def _set_group_attributes(resource: Resource) -> None:
    pairs = _pairs(_GROUP_ATTRIBUTES, resource.inputs)
    resource.call("modify_target_group_attributes", TargetGroupArn=resource.id, Attributes=pairs)


def _set_health_check(resource: Resource) -> None:
    resource.call("modify_target_group", TargetGroupArn=resource.id, **_health_check(resource.inputs))


def _read_group(resource: Resource) -> dict[str, Any] | None:
    found = resource.call("describe_target_groups", TargetGroupArns=[resource.id])["TargetGroups"]
    if not found:
        return None
    group = found[0]
    check = {name: group[member] for name, member in _HEALTH_CHECK.items() if member in group}
    check["matcher"] = group.get("Matcher", {}).get("HttpCode")
    answer = resource.call("describe_target_group_attributes", TargetGroupArn=resource.id)
    return {**group, **_read_attributes(answer, _GROUP_ATTRIBUTES), "healthCheck": check}


ROWS = (
    Row(
        "aws:lb/loadBalancer:LoadBalancer",
        "elbv2",
        create=Call("create_load_balancer", at="LoadBalancers[0]"),
        id="{LoadBalancerArn}",
        read=_read_balancer,
        updates=(
            Update((*_BALANCER_ATTRIBUTES, *_LOGS), _set_balancer_attributes),
            Update(("securityGroups",), Call("set_security_groups", {"LoadBalancerArn": "{id}"})),
            Update(("subnets",), Call("set_subnets", {"LoadBalancerArn": "{id}"}, only=("subnets",))),
            Update(("ipAddressType",), Call("set_ip_address_type", {"LoadBalancerArn": "{id}"})),
        ),
        delete=Call("delete_load_balancer", {"LoadBalancerArn": "{id}"}),
        fields=(
            Field(
                "internal",
                aws="Scheme",
                encode=lambda internal: "internal" if internal else "internet-facing",
                decode=lambda scheme: scheme == "internal",
                default=False,
            ),
            Field("loadBalancerType", aws="Type", default="application"),
            unordered("subnets", read="AvailabilityZones[].SubnetId"),
            unordered("securityGroups"),
            # AWS tells both forms of one thing.
            Field("subnetMappings", read=""),
            *_default_fields(_BALANCER_ATTRIBUTES),
        ),
        outputs={
            "arn": "{LoadBalancerArn}",
            "arnSuffix": lambda _, live: live["LoadBalancerArn"].partition(":loadbalancer/")[2],
            "zoneId": "{CanonicalHostedZoneId}",
        },
        tags=TAGS,
        ready=Ready(at="State.Code", done=("active",), failed=("failed",), reason="State.Reason"),
        required=("name",),
    ),
    Row(
        "aws:lb/targetGroup:TargetGroup",
        "elbv2",
        create=_create_group,
        id="{TargetGroupArn}",
        read=_read_group,
        updates=(
            Update(tuple(_GROUP_ATTRIBUTES), _set_group_attributes),
            Update(("healthCheck",), _set_health_check),
        ),
        delete=Call("delete_target_group", {"TargetGroupArn": "{id}"}),
        fields=(
            Field("name", read="TargetGroupName"),
            Field("targetType", default="instance"),
            *_default_fields(_GROUP_ATTRIBUTES),
        ),
        outputs={
            "arn": "{TargetGroupArn}",
            "arnSuffix": lambda _, live: "targetgroup/" + live["TargetGroupArn"].partition(":targetgroup/")[2],
        },
        tags=TAGS,
        handles=(*_GROUP_MEMBERS, "healthCheck", "tags"),
        required=("name",),
    ),
)
