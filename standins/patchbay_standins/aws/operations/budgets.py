"""Budgets: updates, the subscribers of notifications, tags."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from moto.budgets.models import Budget, budgets_backends

from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Result, Served, Service
from patchbay_standins.aws.state import state_of

SERVICE: Final = Service("budgets")

# What tells one notification of a budget from another.
_IDENTITY: Final = ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")


class BudgetTags:
    def __init__(self) -> None:
        self.by_arn: dict[str, dict[str, str]] = {}


def _budgets(call: Call) -> dict[str, Budget]:
    found: dict[str, Budget] = budgets_backends[call.account]["aws"].budgets[call.account]
    return found


def _budget(call: Call, name: str) -> Budget:
    budgets = _budgets(call)
    if name not in budgets:
        raise AwsError("NotFoundException", f"The budget {name} doesn't exist.")
    return budgets[name]


def _identity(notification: Mapping[str, Any]) -> tuple[Any, ...]:
    complete = {"ThresholdType": "PERCENTAGE", **notification}
    return tuple(float(complete[name]) if name == "Threshold" else complete[name] for name in _IDENTITY)


def _notification(call: Call, wanted: str = "Notification") -> Any:
    for notification in _budget(call, call["BudgetName"]).notifications:
        if _identity(notification.details) == _identity(call[wanted]):
            return notification
    raise AwsError("NotFoundException", "The budget has no such notification.")


def _plain(value: Any) -> Any:
    """As moto keeps a budget: times as seconds."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, Mapping):
        return {name: _plain(member) for name, member in value.items()}
    return value


def _arn(call: Call, name: str) -> str:
    return f"arn:aws:budgets::{call.account}:budget/{name}"


def _tags(call: Call) -> dict[str, dict[str, str]]:
    return state_of(call.account, "aws-global", BudgetTags).by_arn


def _tags_of(call: Call) -> dict[str, str]:
    arn = call["ResourceARN"]
    _budget(call, arn.rpartition(":budget/")[2])
    return _tags(call).setdefault(arn, {})


@SERVICE.operation("CreateBudget")
def create_budget(call: Call) -> Served:
    name = call["Budget"]["BudgetName"]
    if name not in _budgets(call):
        _tags(call)[_arn(call, name)] = {tag["Key"]: tag["Value"] for tag in call.get("ResourceTags", ())}
    return BY_MOTO


@SERVICE.operation("UpdateBudget")
def update_budget(call: Call) -> None:
    changed = _plain(call["NewBudget"])
    budget = _budget(call, changed["BudgetName"])
    # A limit and planned limits exclude each other; the period stays where none is given.
    budget.budget = {
        "TimePeriod": budget.budget["TimePeriod"],
        **changed,
        "LastUpdatedTime": datetime.now(UTC).timestamp(),
    }


@SERVICE.operation("DeleteBudget")
def delete_budget(call: Call) -> Served:
    _tags(call).pop(_arn(call, call["BudgetName"]), None)
    return BY_MOTO


@SERVICE.operation("DescribeNotificationsForBudget")
def describe_notifications_for_budget(call: Call) -> Result:
    found = _budget(call, call["BudgetName"]).notifications
    return {
        "Notifications": [
            {"ThresholdType": "PERCENTAGE", "NotificationState": "OK", **notification.details} for notification in found
        ]
    }


@SERVICE.operation("DescribeSubscribersForNotification")
def describe_subscribers_for_notification(call: Call) -> Result:
    return {"Subscribers": list(_notification(call).subscribers)}


@SERVICE.operation("UpdateNotification")
def update_notification(call: Call) -> None:
    _notification(call, "OldNotification").details = dict(call["NewNotification"])


@SERVICE.operation("DeleteNotification")
def delete_notification(call: Call) -> None:
    _budget(call, call["BudgetName"]).notifications.remove(_notification(call))


@SERVICE.operation("CreateSubscriber")
def create_subscriber(call: Call) -> None:
    notification = _notification(call)
    if call["Subscriber"] in notification.subscribers:
        raise AwsError("DuplicateRecordException", "The notification has this subscriber.")
    notification.subscribers = [*notification.subscribers, call["Subscriber"]]


@SERVICE.operation("DeleteSubscriber")
def delete_subscriber(call: Call) -> None:
    notification = _notification(call)
    if call["Subscriber"] not in notification.subscribers:
        raise AwsError("NotFoundException", "The notification has no such subscriber.")
    notification.subscribers = [one for one in notification.subscribers if one != call["Subscriber"]]


@SERVICE.operation("ListTagsForResource")
def list_tags_for_resource(call: Call) -> Result:
    return {"ResourceTags": [{"Key": key, "Value": value} for key, value in _tags_of(call).items()]}


@SERVICE.operation("TagResource")
def tag_resource(call: Call) -> None:
    _tags_of(call).update({tag["Key"]: tag["Value"] for tag in call["ResourceTags"]})


@SERVICE.operation("UntagResource")
def untag_resource(call: Call) -> None:
    for key in call["ResourceTagKeys"]:
        _tags_of(call).pop(key, None)
