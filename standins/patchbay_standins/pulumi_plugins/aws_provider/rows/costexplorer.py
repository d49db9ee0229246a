"""Cost Explorer: anomaly monitors and subscriptions."""

import json
from typing import Any

from patchbay_standins.pulumi_plugins.aws_provider.fields import unordered
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Row, Tags, Update


def _specification(text: str) -> Any:
    """The expression that the JSON text holds; the members that it leaves empty are none."""
    return _filled(json.loads(text))


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _filled(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [_filled(item) for item in value]
    return value


def _ce_tags() -> Tags:
    resource = {"ResourceArn": "{id}"}
    return Tags(
        create="ResourceTags",
        tag=Call("tag_resource", resource),
        untag=Call("untag_resource", resource),
        read=Call("list_tags_for_resource", resource),
        at="ResourceTags",
    )


# An expression of the SDK can hold expressions of one further level.
_EXPRESSION = {
    prefix + name: member
    for prefix in ("", "ands.", "ors.", "not.")
    for name, member in {"costCategory": "CostCategories", "dimension": "Dimensions"}.items()
}

ROWS = (
    Row(
        "aws:costexplorer/anomalyMonitor:AnomalyMonitor",
        "ce",
        create=Call("create_anomaly_monitor"),
        id="{MonitorArn}",
        read=Call("get_anomaly_monitors", {"MonitorArnList": ["{id}"]}, at="AnomalyMonitors[0]"),
        updates=(Update(("name",), Call("update_anomaly_monitor", {"MonitorArn": "{id}", "MonitorName": "{name}"})),),
        delete=Call("delete_anomaly_monitor", {"MonitorArn": "{id}"}),
        fields=(
            Field("name", aws="AnomalyMonitor.MonitorName", read="MonitorName"),
            Field("monitorType", aws="AnomalyMonitor.MonitorType", read="MonitorType"),
            Field("monitorDimension", aws="AnomalyMonitor.MonitorDimension", read="MonitorDimension"),
            Field(
                "monitorSpecification",
                aws="AnomalyMonitor.MonitorSpecification",
                read="MonitorSpecification",
                encode=_specification,
                decode=json.dumps,
                normal=_specification,
            ),
        ),
        outputs={"arn": "{id}"},
        tags=_ce_tags(),
        required=("name",),
        missing=("UnknownMonitorException",),
    ),
    Row(
        "aws:costexplorer/anomalySubscription:AnomalySubscription",
        "ce",
        create=Call("create_anomaly_subscription"),
        id="{SubscriptionArn}",
        read=Call("get_anomaly_subscriptions", {"SubscriptionArnList": ["{id}"]}, at="AnomalySubscriptions[0]"),
        updates=(
            Update(
                ("frequency", "monitorArnLists", "name", "subscribers", "thresholdExpression"),
                Call(
                    "update_anomaly_subscription",
                    {
                        "SubscriptionArn": "{id}",
                        "Frequency": "{frequency}",
                        "MonitorArnList": "{monitorArnLists}",
                        "SubscriptionName": "{name}",
                        "Subscribers": "{subscribers}",
                        "ThresholdExpression": "{thresholdExpression}",
                    },
                ),
            ),
        ),
        delete=Call("delete_anomaly_subscription", {"SubscriptionArn": "{id}"}),
        fields=(
            Field("name", aws="AnomalySubscription.SubscriptionName", read="SubscriptionName"),
            Field("frequency", aws="AnomalySubscription.Frequency", read="Frequency"),
            unordered("monitorArnLists", aws="AnomalySubscription.MonitorArnList", read="MonitorArnList"),
            Field("subscribers", aws="AnomalySubscription.Subscribers", read="Subscribers"),
            Field(
                "thresholdExpression",
                aws="AnomalySubscription.ThresholdExpression",
                read="ThresholdExpression",
                names=_EXPRESSION,
            ),
        ),
        outputs={"arn": "{id}"},
        tags=_ce_tags(),
        required=("name",),
        missing=("UnknownSubscriptionException",),
    ),
)
