"""WAFv2: what is in use is not deleted, a resource has one web ACL, and a web ACL can lose all its rules."""

from collections.abc import Iterable
from typing import Any, Final

from moto.elbv2.models import elbv2_backends
from moto.wafv2.models import GLOBAL_REGION, FakeWebACL, WAFV2Backend, wafv2_backends

from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Result, Served, Service

SERVICE: Final = Service("wafv2")

_LOG_PREFIX: Final = "aws-waf-logs-"


def _backend(call: Call) -> WAFV2Backend:
    # moto keeps what belongs to CloudFront apart from the regions.
    region = GLOBAL_REGION if call.get("Scope") == "CLOUDFRONT" else call.region
    found: WAFV2Backend = wafv2_backends[call.account][region]
    return found


def _web_acl(call: Call) -> FakeWebACL:
    return _backend(call).get_web_acl(call.get("WebACLArn"), call.get("Name"), call.get("Id"))


def _in_use(what: str) -> AwsError:
    return AwsError("WAFAssociatedItemException", f"AWS WAF couldn't perform the operation: {what}.")


def _refers(value: Any, arn: str) -> bool:
    """Whether a rule's statement names the ARN, however deep."""
    if isinstance(value, dict):
        return any(_refers(member, arn) for member in value.values())
    if isinstance(value, list):
        return any(_refers(item, arn) for item in value)
    return bool(value == arn)


def _require_new_name(call: Call, held: Iterable[Any]) -> None:
    # hashicorp/terraform-provider-aws 21577; the words are the API reference's. moto has a code of its own.
    if any(one.name == call["Name"] for one in held):
        raise AwsError(
            "WAFDuplicateItemException",
            "AWS WAF couldn't perform the operation because the resource that you tried to save is a duplicate of an "
            "existing one.",
        )


@SERVICE.operation("CreateWebACL")
def create_web_acl(call: Call) -> Served:
    _require_new_name(call, _backend(call).wacls.values())
    return BY_MOTO


@SERVICE.operation("CreateIPSet")
def create_ip_set(call: Call) -> Served:
    _require_new_name(call, _backend(call).ip_sets.values())
    return BY_MOTO


@SERVICE.operation("AssociateWebACL")
def associate_web_acl(call: Call) -> Served:
    resource = call["ResourceArn"]
    if ":loadbalancer/" in resource and resource not in elbv2_backends[call.account][call.region].load_balancers:
        raise AwsError("WAFNonexistentItemException", f"There is no load balancer {resource}.")
    _web_acl(call)
    _backend(call).disassociate_web_acl(resource)
    return BY_MOTO


@SERVICE.operation("ListResourcesForWebACL")
def list_resources_for_web_acl(call: Call) -> Result:
    wanted = ":loadbalancer/app/" if call.get("ResourceType", "APPLICATION_LOAD_BALANCER").startswith("APP") else ":"
    return {"ResourceArns": [arn for arn in _web_acl(call).associated_resources if wanted in arn]}


@SERVICE.operation("UpdateWebACL")
def update_web_acl(call: Call) -> Served:
    acl = _web_acl(call)
    if acl.lock_token == call["LockToken"] and not call.get("Rules"):
        acl.rules = []
    return BY_MOTO


@SERVICE.operation("DeleteWebACL")
def delete_web_acl(call: Call) -> Served:
    acl = _web_acl(call)
    if acl.associated_resources:
        raise _in_use(f"the web ACL {acl.name} protects {acl.associated_resources[0]}")
    if acl.lock_token == call["LockToken"]:
        _backend(call).logging_configurations.pop(acl.arn, None)
    return BY_MOTO


@SERVICE.operation("DeleteIPSet")
def delete_ip_set(call: Call) -> Served:
    backend = _backend(call)
    arn = backend.get_ip_set(call["Name"], call["Scope"], call["Id"]).arn
    for acl in backend.wacls.values():
        if any(_refers(rule.statement, arn) for rule in acl.rules):
            raise _in_use(f"a rule of the web ACL {acl.name} names the IP set {call['Name']}")
    return BY_MOTO


@SERVICE.operation("PutLoggingConfiguration")
def put_logging_configuration(call: Call) -> Served:
    for destination in call["LoggingConfiguration"]["LogDestinationConfigs"]:
        name = destination.rpartition(":log-group:")[2].rpartition("/")[2].rpartition(":")[2]
        if not name.startswith(_LOG_PREFIX):
            # aws/aws-cdk 35311: AWS says nothing of the prefix.
            raise AwsError(
                "WAFInvalidParameterException",
                "Error reason: The ARN isn't valid. A valid ARN begins with arn: and includes other information "
                f"separated by colons or slashes., field: LOG_DESTINATION, parameter: {destination}",
            )
    return BY_MOTO
