"""Security Hub: whether an account and region has it, and the standards that it judges by."""

from typing import Any

from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Row, Update


def _enable(resource: Resource) -> dict[str, Any]:
    given = resource.inputs
    resource.call(
        "enable_security_hub",
        EnableDefaultStandards=given["enableDefaultStandards"],
        ControlFindingGenerator=given["controlFindingGenerator"],
    )
    return {"accountId": resource.value("account")}


def _subscribe(resource: Resource) -> Any:
    wanted = [{"StandardsArn": resource.inputs["standardsArn"]}]
    return resource.call("batch_enable_standards", StandardsSubscriptionRequests=wanted)["StandardsSubscriptions"][0]


ROWS = (
    Row(
        "aws:securityhub/account:Account",
        "securityhub",
        create=_enable,
        id="{accountId}",
        read=Call("describe_hub"),
        updates=(Update(("autoEnableControls", "controlFindingGenerator"), Call("update_security_hub_configuration")),),
        delete=Call("disable_security_hub"),
        fields=(Field("enableDefaultStandards", aws="", read=""),),
        outputs={"arn": "{HubArn}"},
        handles=("enableDefaultStandards", "controlFindingGenerator"),
        defaults={
            "autoEnableControls": True,
            "controlFindingGenerator": "SECURITY_CONTROL",
            "enableDefaultStandards": True,
        },
        # An account without the hub is told that it may not.
        missing=("InvalidAccessException",),
        name="",
    ),
    Row(
        "aws:securityhub/standardsSubscription:StandardsSubscription",
        "securityhub",
        create=_subscribe,
        id="{StandardsSubscriptionArn}",
        read=Call("get_enabled_standards", {"StandardsSubscriptionArns": ["{id}"]}, at="StandardsSubscriptions[0]"),
        delete=Call("batch_disable_standards", {"StandardsSubscriptionArns": ["{id}"]}),
        outputs={"arn": "{id}"},
        handles=("standardsArn",),
        missing=("InvalidAccessException",),
        name="standardsArn",
    ),
)
