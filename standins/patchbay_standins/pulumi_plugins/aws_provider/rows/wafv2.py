"""WAFv2: IP sets, web ACLs, what they protect, and their logs."""

from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider import requests
from patchbay_standins.pulumi_plugins.aws_provider.fields import by_parts, unordered
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Row, Tags, Update

_TAGS: Final = Tags(
    tag=Call("tag_resource", {"ResourceARN": "{arn}"}),
    untag=Call("untag_resource", {"ResourceARN": "{arn}"}),
)
_MISSING: Final = ("WAFNonexistentItemException",)
_UPDATE_ACL: Final = Call("update_web_acl", {"Id": "{identifier}", "LockToken": "{lockToken}"})
_ACL_SETTINGS: Final = (
    "associationConfig",
    "captchaConfig",
    "challengeConfig",
    "customResponseBodies",
    "defaultAction",
    "description",
    "rules",
    "tokenDomains",
    "visibilityConfig",
)


def _named(resource: Resource) -> dict[str, Any]:
    return {
        "Id": resource.value("identifier"),
        "Name": resource.value("name"),
        "Scope": resource.value("scope"),
    }


def _tagged(resource: Resource, found: dict[str, Any], token: str) -> dict[str, Any]:
    answer = resource.call("list_tags_for_resource", ResourceARN=found["ARN"])
    tags = answer["TagInfoForResource"].get("TagList", [])
    return {**found, "LockToken": token, "Tags": tags, "Scope": resource.value("scope")}


def _ip_set(resource: Resource) -> tuple[dict[str, Any], str]:
    answer = resource.call("get_ip_set", **_named(resource))
    return answer["IPSet"], answer["LockToken"]


def _update_ip_set(resource: Resource) -> None:
    _, token = _ip_set(resource)
    inputs = resource.inputs
    description = {"Description": inputs["description"]} if inputs.get("description") else {}
    resource.call(
        "update_ip_set",
        **_named(resource),
        Addresses=inputs.get("addresses") or [],
        LockToken=token,
        **description,
    )


def _delete_ip_set(resource: Resource) -> None:
    _, token = _ip_set(resource)
    resource.call("delete_ip_set", **_named(resource), LockToken=token)


def _web_acl(resource: Resource) -> tuple[dict[str, Any], str]:
    answer = resource.call("get_web_acl", **_named(resource))
    return answer["WebACL"], answer["LockToken"]


def _update_web_acl(resource: Resource) -> None:
    """By the lock token of this moment: the one that is known goes with any change that others made."""
    _, token = _web_acl(resource)
    current = resource.of(outputs={**resource.outputs, "lockToken": token})
    resource.call(_UPDATE_ACL.operation, **requests.full(WEB_ACL, _UPDATE_ACL, current))


def _delete_web_acl(resource: Resource) -> None:
    _, token = _web_acl(resource)
    resource.call("delete_web_acl", **_named(resource), LockToken=token)


def _parse(identifier: str) -> dict[str, str]:
    """`id/name/scope`, as the real provider imports it, or the id alone."""
    return by_parts("/", "identifier", "name", "scope")(identifier)


def _response_bodies(blocks: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    return {block["key"]: {"Content": block["content"], "ContentType": block["contentType"]} for block in blocks}


def _response_body_blocks(bodies: dict[str, dict[str, str]]) -> list[dict[str, str]]:
    return [
        {"key": key, "content": body["Content"], "contentType": body["ContentType"]} for key, body in bodies.items()
    ]


WEB_ACL: Final = Row(
    "aws:wafv2/webAcl:WebAcl",
    "wafv2",
    create=Call("create_web_acl", at="Summary"),
    id="{Id}",
    parse=_parse,
    read=lambda resource: _tagged(resource, *_web_acl(resource)),
    updates=(Update(_ACL_SETTINGS, _update_web_acl),),
    delete=_delete_web_acl,
    fields=(
        Field("customResponseBodies", encode=_response_bodies, decode=_response_body_blocks),
        Field("description", default=""),
    ),
    tags=_TAGS,
    required=("name",),
    volatile=("lockToken", "capacity"),
    missing=_MISSING,
    busy=("WAFAssociatedItemException",),
)

ROWS = (
    Row(
        "aws:wafv2/ipSet:IpSet",
        "wafv2",
        create=Call("create_ip_set", at="Summary"),
        id="{Id}",
        parse=_parse,
        read=lambda resource: _tagged(resource, *_ip_set(resource)),
        updates=(Update(("addresses", "description"), _update_ip_set),),
        delete=_delete_ip_set,
        fields=(unordered("addresses"), Field("description", default="")),
        tags=_TAGS,
        required=("name", "addresses"),
        volatile=("lockToken",),
        missing=_MISSING,
        busy=("WAFAssociatedItemException",),
    ),
    WEB_ACL,
    Row(
        "aws:wafv2/webAclAssociation:WebAclAssociation",
        "wafv2",
        create=Call("associate_web_acl"),
        id="{webAclArn},{resourceArn}",
        read=Call("get_web_acl_for_resource", at="[WebACL][?ARN=={webAclArn}] | [0].{WebACLArn: ARN}"),
        delete=Call("disassociate_web_acl"),
        name="resourceArn",
        missing=_MISSING,
    ),
    Row(
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        "wafv2",
        create=Call("put_logging_configuration"),
        id="{resourceArn}",
        read=Call("get_logging_configuration", {"ResourceArn": "{id}"}),
        updates=(
            Update(("logDestinationConfigs", "loggingFilter", "redactedFields"), Call("put_logging_configuration")),
        ),
        delete=Call("delete_logging_configuration", {"ResourceArn": "{id}"}),
        fields=(
            Field("resourceArn", aws="LoggingConfiguration.ResourceArn"),
            unordered("logDestinationConfigs", aws="LoggingConfiguration.LogDestinationConfigs"),
            Field("loggingFilter", aws="LoggingConfiguration.LoggingFilter"),
            Field("redactedFields", aws="LoggingConfiguration.RedactedFields"),
        ),
        name="resourceArn",
        missing=_MISSING,
    ),
)
