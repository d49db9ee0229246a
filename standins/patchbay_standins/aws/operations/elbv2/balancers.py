"""Load balancers: their zones, their attributes, where their logs may go, and deletion protection."""

from collections.abc import Mapping
from typing import Any, Final

from moto.ec2.models import ec2_backends
from moto.elbv2.models import FakeLoadBalancer
from moto.s3.models import s3_backends
from moto.wafv2.models import wafv2_backends

from patchbay_standins.aws import policy_documents
from patchbay_standins.aws.operations.elbv2.api import SERVICE, backend
from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Served

_LOGGING: Final = "logdelivery.elasticloadbalancing.amazonaws.com"
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


def _fill(balancer: FakeLoadBalancer) -> None:
    """Gives an application load balancer the attributes that it was not given."""
    if balancer.type != "application":
        return
    # On an application load balancer this one is always on; moto has it off.
    fixed = {"load_balancing.cross_zone.enabled": "true"}
    balancer.attrs = {**_DEFAULTS, **balancer.attrs, **fixed}


@SERVICE.operation("CreateLoadBalancer")
def create_load_balancer(call: Call) -> Served:
    names = [*call.get("Subnets", ()), *(mapping["SubnetId"] for mapping in call.get("SubnetMappings", ()))]
    subnets = ec2_backends[call.account][call.region].describe_subnets()
    zones = [subnet.availability_zone for subnet in subnets if subnet.id in names]
    if len(zones) > len(set(zones)):
        # robertdebock/terraform-aws-vault 5
        raise _invalid("A load balancer cannot be attached to multiple subnets in the same Availability Zone")
    if call.get("Type", "application") == "application" and len(names) == 1:
        # kasmtech/terraform 5
        raise AwsError("ValidationError", "At least two subnets in two different Availability Zones must be specified")
    return BY_MOTO


@SERVICE.operation("ModifyLoadBalancerAttributes")
def modify_load_balancer_attributes(call: Call) -> Served:
    balancer = backend(call).load_balancers.get(call["LoadBalancerArn"])
    if balancer is not None:
        given = {attribute["Key"]: attribute.get("Value", "") for attribute in call["Attributes"]}
        _require_log_bucket(call, {**balancer.attrs, **given})
    return BY_MOTO


def _require_log_bucket(call: Call, attributes: Mapping[str, Any]) -> None:
    """Refuses a bucket that the service cannot write to, as it tries to at once."""
    name = attributes.get("access_logs.s3.bucket")
    if attributes.get("access_logs.s3.enabled") != "true" or not name:
        return
    prefix = str(attributes.get("access_logs.s3.prefix") or "").strip("/")
    place = f"arn:aws:s3:::{name}/{f'{prefix}/' if prefix else ''}AWSLogs/{call.account}/ELBAccessLogTestFile"
    bucket: Any = s3_backends[call.account]["aws"].buckets.get(name)
    # terraform-aws-modules/terraform-aws-s3-bucket 185; with a key of KMS, aws/aws-cdk 21947.
    if (
        bucket is None
        or _has_kms_key(bucket)
        or not any(
            _LOGGING in policy_documents.principals(statement, "Service")
            and policy_documents.allows(statement, ["s3:PutObject"], place)
            for statement in policy_documents.statements(_text(bucket.policy))
        )
    ):
        raise _invalid(f"Access Denied for bucket: {name}. Please check S3bucket permission")


def _has_kms_key(bucket: Any) -> bool:
    rules = policy_documents.listed((bucket.encryption or {}).get("Rule"))
    defaults = [rule.get("ApplyServerSideEncryptionByDefault") or {} for rule in rules]
    return any(str(default.get("SSEAlgorithm", "")).startswith("aws:kms") for default in defaults)


def _text(policy: Any) -> str:
    return policy.decode() if isinstance(policy, bytes) else str(policy or "")


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidConfigurationRequest", message)


@SERVICE.operation("DescribeLoadBalancerAttributes")
def describe_load_balancer_attributes(call: Call) -> Served:
    balancer = backend(call).load_balancers.get(call["LoadBalancerArn"])
    if balancer is not None:
        _fill(balancer)
    return BY_MOTO


@SERVICE.operation("DeleteLoadBalancer")
def delete_load_balancer(call: Call) -> Served:
    arn = call["LoadBalancerArn"]
    balancer = backend(call).load_balancers.get(arn)
    if balancer is not None and balancer.attrs.get("deletion_protection.enabled") == "true":
        raise AwsError(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )
    wafv2_backends[call.account][call.region].disassociate_web_acl(arn)
    return BY_MOTO
