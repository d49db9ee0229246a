"""Cost Explorer: anomaly monitors and the subscriptions to what they find."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from moto.ce.models import CostExplorerBackend, ce_backends

from patchbay_standins.aws.service import AwsError, Call, Result, Service
from patchbay_standins.aws.state import state_of

SERVICE: Final = Service("ce")

Shown = dict[str, Any]


class Anomalies:
    """By ARN, as boto3 shows them."""

    def __init__(self) -> None:
        self.monitors: dict[str, Shown] = {}
        self.subscriptions: dict[str, Shown] = {}


def _held(call: Call) -> Anomalies:
    # A global service: which region the client was made for does not matter.
    return state_of(call.account, "aws-global", Anomalies)


def _moto(call: Call) -> CostExplorerBackend:
    found: CostExplorerBackend = ce_backends[call.account]["aws"]
    return found


def _today() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d")


def _one(found: Mapping[str, Shown], arn: str, code: str) -> Shown:
    if arn not in found:
        raise AwsError(code, f"{arn} does not exist.")
    return found[arn]


def _chosen(found: Mapping[str, Shown], arns: list[str] | None, code: str) -> list[Shown]:
    return [_one(found, arn, code) for arn in arns] if arns else list(found.values())


def _check(call: Call, subscription: Mapping[str, Any]) -> None:
    kinds = {subscriber["Type"] for subscriber in subscription["Subscribers"]}
    if ("SNS" in kinds) != (subscription["Frequency"] == "IMMEDIATE"):
        raise AwsError(
            "ValidationException",
            "An immediate frequency needs an SNS subscriber, a daily or weekly one email subscribers.",
        )
    for monitor in subscription["MonitorArnList"]:
        _one(_held(call).monitors, monitor, "UnknownMonitorException")


def _subscribers(given: list[Mapping[str, str]]) -> list[Mapping[str, str]]:
    return [{**subscriber, "Status": "CONFIRMED"} for subscriber in given]


@SERVICE.operation("CreateAnomalyMonitor")
def create_anomaly_monitor(call: Call) -> Result:
    arn = f"arn:aws:ce::{call.account}:anomalymonitor/{uuid4()}"
    given = call["AnomalyMonitor"]
    monitors = _held(call).monitors
    dimension = given.get("MonitorDimension")
    if dimension and any(monitor.get("MonitorDimension") == dimension for monitor in monitors.values()):
        raise AwsError("LimitExceededException", f"Limit exceeded on dimensional monitors of {dimension}.")
    monitors[arn] = {**given, "MonitorArn": arn, "CreationDate": _today(), "LastUpdatedDate": _today()}
    _moto(call).tag_resource(arn, call.get("ResourceTags", []))
    return {"MonitorArn": arn}


@SERVICE.operation("GetAnomalyMonitors")
def get_anomaly_monitors(call: Call) -> Result:
    return {"AnomalyMonitors": _chosen(_held(call).monitors, call.get("MonitorArnList"), "UnknownMonitorException")}


@SERVICE.operation("UpdateAnomalyMonitor")
def update_anomaly_monitor(call: Call) -> Result:
    monitor = _one(_held(call).monitors, call["MonitorArn"], "UnknownMonitorException")
    if call.get("MonitorName"):
        monitor |= {"MonitorName": call["MonitorName"], "LastUpdatedDate": _today()}
    return {"MonitorArn": call["MonitorArn"]}


@SERVICE.operation("DeleteAnomalyMonitor")
def delete_anomaly_monitor(call: Call) -> None:
    arn = call["MonitorArn"]
    _one(_held(call).monitors, arn, "UnknownMonitorException")
    del _held(call).monitors[arn]
    for subscription in _held(call).subscriptions.values():
        subscription["MonitorArnList"] = [monitor for monitor in subscription["MonitorArnList"] if monitor != arn]
    _moto(call).tagger.delete_all_tags_for_resource(arn)


@SERVICE.operation("CreateAnomalySubscription")
def create_anomaly_subscription(call: Call) -> Result:
    arn = f"arn:aws:ce::{call.account}:anomalysubscription/{uuid4()}"
    given = call["AnomalySubscription"]
    _check(call, given)
    _held(call).subscriptions[arn] = {
        **given,
        "Subscribers": _subscribers(given["Subscribers"]),
        "SubscriptionArn": arn,
        "AccountId": call.account,
    }
    _moto(call).tag_resource(arn, call.get("ResourceTags", []))
    return {"SubscriptionArn": arn}


@SERVICE.operation("GetAnomalySubscriptions")
def get_anomaly_subscriptions(call: Call) -> Result:
    found = _chosen(_held(call).subscriptions, call.get("SubscriptionArnList"), "UnknownSubscriptionException")
    if call.get("MonitorArn"):
        found = [subscription for subscription in found if call["MonitorArn"] in subscription["MonitorArnList"]]
    return {"AnomalySubscriptions": found}


@SERVICE.operation("UpdateAnomalySubscription")
def update_anomaly_subscription(call: Call) -> Result:
    present = _one(_held(call).subscriptions, call["SubscriptionArn"], "UnknownSubscriptionException")
    updated = {**present, **call.parameters}
    updated["Subscribers"] = _subscribers(updated["Subscribers"])
    _check(call, updated)
    present.update(updated)
    return {"SubscriptionArn": call["SubscriptionArn"]}


@SERVICE.operation("DeleteAnomalySubscription")
def delete_anomaly_subscription(call: Call) -> None:
    arn = call["SubscriptionArn"]
    _one(_held(call).subscriptions, arn, "UnknownSubscriptionException")
    del _held(call).subscriptions[arn]
    _moto(call).tagger.delete_all_tags_for_resource(arn)
