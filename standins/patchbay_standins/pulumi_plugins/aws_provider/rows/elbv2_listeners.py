"""Elastic Load Balancing: listeners, and their rules."""

from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Row, Update
from patchbay_standins.pulumi_plugins.aws_provider.rows.elbv2 import TAGS

_ACTION: Final = {
    "authenticateCognito": "AuthenticateCognitoConfig",
    "authenticateOidc": "AuthenticateOidcConfig",
    "fixedResponse": "FixedResponseConfig",
    "forward": "ForwardConfig",
    "forward.stickiness": "TargetGroupStickinessConfig",
    "forward.stickiness.duration": "DurationSeconds",
    "forward.targetGroups.arn": "TargetGroupArn",
    "redirect": "RedirectConfig",
}
# The kinds of a rule's condition, as AWS names the field and its settings.
_CONDITIONS: Final = {
    "hostHeader": ("host-header", "HostHeaderConfig"),
    "httpHeader": ("http-header", "HttpHeaderConfig"),
    "httpRequestMethod": ("http-request-method", "HttpRequestMethodConfig"),
    "pathPattern": ("path-pattern", "PathPatternConfig"),
    "sourceIp": ("source-ip", "SourceIpConfig"),
}
_CONDITION_MEMBERS: Final = {"values": "Values", "httpHeaderName": "HttpHeaderName"}


def _conditions(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Raises KeyError for a kind that is not in the table."""
    return [
        {
            "Field": _CONDITIONS[kind][0],
            _CONDITIONS[kind][1]: {_CONDITION_MEMBERS[name]: value for name, value in settings.items()},
        }
        for block in blocks
        for kind, settings in block.items()
    ]


def _condition_blocks(conditions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {kind: {name: condition[config][member] for name, member in _members(condition[config])}}
        for condition in conditions
        for kind, (field, config) in _CONDITIONS.items()
        if condition["Field"] == field and config in condition
    ]


def _members(settings: dict[str, Any]) -> list[tuple[str, str]]:
    return [(name, member) for name, member in _CONDITION_MEMBERS.items() if member in settings]


def _condition_set(blocks: list[dict[str, Any]] | None) -> list[str]:
    """All of a rule's conditions must hold, and one value of each: no order matters."""
    return sorted(
        f"{kind} {settings.get('httpHeaderName')} {sorted(settings.get('values') or ())}"
        for block in blocks or ()
        for kind, settings in block.items()
    )


def _set_priority(resource: Resource) -> None:
    priority = int(resource.inputs["priority"])
    resource.call("set_rule_priorities", RulePriorities=[{"RuleArn": resource.id, "Priority": priority}])


def _listener_of(rule_arn: str) -> str:
    return rule_arn.replace(":listener-rule/", ":listener/").rpartition("/")[0]


ROWS = (
    Row(
        "aws:lb/listener:Listener",
        "elbv2",
        create=Call("create_listener", at="Listeners[0]"),
        id="{ListenerArn}",
        read=Call("describe_listeners", {"ListenerArns": ["{id}"]}, at="Listeners[0]"),
        updates=(
            Update(
                ("certificateArn", "defaultActions", "port", "protocol", "sslPolicy"),
                Call("modify_listener", {"ListenerArn": "{id}"}),
            ),
        ),
        delete=Call("delete_listener", {"ListenerArn": "{id}"}),
        fields=(
            Field(
                "certificateArn",
                aws="Certificates",
                read="Certificates[0].CertificateArn",
                encode=lambda arn: [{"CertificateArn": arn}],
            ),
            Field("defaultActions", names=_ACTION),
        ),
        outputs={"arn": "{ListenerArn}"},
        tags=TAGS,
        # One listener only has a port.
        name="port",
        required=("port", "protocol"),
    ),
    Row(
        "aws:lb/listenerRule:ListenerRule",
        "elbv2",
        create=Call("create_rule", at="Rules[0]"),
        id="{RuleArn}",
        read=Call("describe_rules", {"RuleArns": ["{id}"]}, at="Rules[0]"),
        updates=(
            Update(("actions", "conditions"), Call("modify_rule", {"RuleArn": "{id}"})),
            Update(("priority",), _set_priority),
        ),
        delete=Call("delete_rule", {"RuleArn": "{id}"}),
        fields=(
            Field("actions", names=_ACTION),
            Field("conditions", encode=_conditions, decode=_condition_blocks, normal=_condition_set),
        ),
        outputs={"arn": "{RuleArn}", "listenerArn": lambda _, live: _listener_of(live["RuleArn"])},
        tags=TAGS,
        name="priority",
        required=("priority",),
    ),
)
