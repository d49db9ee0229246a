"""CloudWatch: log groups, their resource policies and alarms."""

from collections.abc import Mapping
from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider.fields import document, unordered
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Row, Tags, Update

_GROUP_ARN: Final = {"resourceArn": "arn:aws:logs:{region}:{account}:log-group:{name}"}
_ALARM_ARN: Final = {"ResourceARN": "arn:aws:cloudwatch:{region}:{account}:alarm:{name}"}
_ALARM_INPUTS: Final = (
    "actionsEnabled",
    "alarmActions",
    "alarmDescription",
    "comparisonOperator",
    "datapointsToAlarm",
    "dimensions",
    "evaluateLowSampleCountPercentiles",
    "evaluationPeriods",
    "extendedStatistic",
    "insufficientDataActions",
    "metricName",
    "metricQueries",
    "namespace",
    "okActions",
    "period",
    "statistic",
    "threshold",
    "thresholdMetricId",
    "treatMissingData",
    "unit",
)
_QUERY: Final = {
    "id": "Id",
    "accountId": "AccountId",
    "expression": "Expression",
    "label": "Label",
    "period": "Period",
    "returnData": "ReturnData",
}
_METRIC: Final = {"metricName": "MetricName", "namespace": "Namespace"}
_STATISTIC: Final = {"period": "Period", "stat": "Stat", "unit": "Unit"}


def _set_retention(resource: Resource) -> None:
    name, days = resource.value("name"), resource.inputs.get("retentionInDays")
    if days:
        resource.call("put_retention_policy", logGroupName=name, retentionInDays=days)
    else:
        resource.call("delete_retention_policy", logGroupName=name)


def _set_key(resource: Resource) -> None:
    name, key = resource.value("name"), resource.inputs.get("kmsKeyId")
    if key:
        resource.call("associate_kms_key", logGroupName=name, kmsKeyId=key)
    else:
        resource.call("disassociate_kms_key", logGroupName=name)


def _read_group(resource: Resource) -> dict[str, Any] | None:
    groups = resource.call("describe_log_groups", logGroupNamePrefix=resource.id)["logGroups"]
    return next((dict(group) for group in groups if group["logGroupName"] == resource.id), None)


def _read_resource_policy(resource: Resource) -> dict[str, Any] | None:
    policies = resource.call("describe_resource_policies")["resourcePolicies"]
    return next((dict(policy) for policy in policies if policy["policyName"] == resource.id), None)


def _pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in values.items()]


def _mapping(pairs: list[dict[str, str]]) -> dict[str, str]:
    return {pair["Name"]: pair["Value"] for pair in pairs}


def _encode_queries(queries: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    encoded = []
    for query in queries:
        item = {member: query[name] for name, member in _QUERY.items() if query.get(name) is not None}
        metric = query.get("metric")
        if metric:
            named = {member: metric[name] for name, member in _METRIC.items() if metric.get(name)}
            dimensions = {"Dimensions": _pairs(metric["dimensions"])} if metric.get("dimensions") else {}
            item["MetricStat"] = {member: metric[name] for name, member in _STATISTIC.items() if metric.get(name)}
            item["MetricStat"]["Metric"] = {**named, **dimensions}
        encoded.append(item)
    return encoded


def _decode_queries(queries: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    decoded = []
    for query in queries:
        item = {name: query[member] for name, member in _QUERY.items() if member in query}
        statistic = query.get("MetricStat")
        if statistic:
            item["metric"] = {name: statistic[member] for name, member in _STATISTIC.items() if member in statistic}
            named = statistic["Metric"]
            item["metric"] |= {name: named[member] for name, member in _METRIC.items() if member in named}
            if named.get("Dimensions"):
                item["metric"]["dimensions"] = _mapping(named["Dimensions"])
        decoded.append(item)
    return decoded


ROWS = (
    Row(
        "aws:cloudwatch/logGroup:LogGroup",
        "logs",
        create=Call("create_log_group"),
        id="{name}",
        read=_read_group,
        updates=(Update(("retentionInDays",), _set_retention), Update(("kmsKeyId",), _set_key)),
        delete=Call("delete_log_group"),
        fields=(
            Field("name", aws="logGroupName"),
            Field("retentionInDays", default=0),
            Field("logGroupClass", default="STANDARD"),
            Field("deletionProtectionEnabled", default=False),
            Field("skipDestroy", aws="", default=False),
        ),
        outputs={"arn": _GROUP_ARN["resourceArn"]},
        tags=Tags(
            create="tags",
            tag=Call("tag_resource", _GROUP_ARN),
            untag=Call("untag_resource", _GROUP_ARN),
            read=Call("list_tags_for_resource", _GROUP_ARN, at="tags"),
        ),
        required=("name",),
    ),
    Row(
        "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        "logs",
        create=Call("put_resource_policy", omit=("resourceArn",)),
        id="{policyName}",
        read=_read_resource_policy,
        updates=(Update(("policyDocument",), Call("put_resource_policy", omit=("resourceArn",))),),
        delete=Call("delete_resource_policy", {"policyName": "{id}"}),
        fields=(document("policyDocument"),),
        name="policyName",
        required=("policyName",),
    ),
    Row(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "cloudwatch",
        create=Call("put_metric_alarm"),
        id="{name}",
        read=Call("describe_alarms", {"AlarmNames": ["{id}"], "AlarmTypes": ["MetricAlarm"]}, at="MetricAlarms[0]"),
        # Putting an alarm replaces all of it.
        updates=(Update(_ALARM_INPUTS, Call("put_metric_alarm")),),
        delete=Call("delete_alarms", {"AlarmNames": ["{id}"]}),
        fields=(
            Field("name", aws="AlarmName"),
            Field("actionsEnabled", default=True),
            Field("treatMissingData", default="missing"),
            Field("dimensions", encode=_pairs, decode=_mapping),
            Field("metricQueries", aws="Metrics", encode=_encode_queries, decode=_decode_queries),
            unordered("alarmActions"),
            unordered("okActions", aws="OKActions"),
            unordered("insufficientDataActions"),
        ),
        outputs={"arn": "{AlarmArn}"},
        tags=Tags(
            tag=Call("tag_resource", _ALARM_ARN),
            untag=Call("untag_resource", _ALARM_ARN),
            read=Call("list_tags_for_resource", _ALARM_ARN, at="Tags"),
        ),
        required=("name",),
    ),
)
