"""Budgets, with their notifications."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from patchbay_standins.pulumi_plugins.aws_provider.fields import by_parts
from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource, Values
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Field, Row, Tags, Update

_TIME: Final = "%Y-%m-%d_%H:%M"
_SUBSCRIBERS: Final = {"EMAIL": "subscriberEmailAddresses", "SNS": "subscriberSnsTopicArns"}
_BUDGET: Final = (
    "budgetType",
    "costFilters",
    "costTypes",
    "limitAmount",
    "limitUnit",
    "timePeriodEnd",
    "timePeriodStart",
    "timeUnit",
)


def _account(resource: Resource) -> str:
    return str(resource.value("accountId") or resource.value("account"))


def _budget(resource: Resource) -> dict[str, Any]:
    given = resource.inputs
    budget: dict[str, Any] = {
        "BudgetName": resource.value("name"),
        "BudgetType": given["budgetType"],
        "TimeUnit": given["timeUnit"],
    }
    if given.get("limitAmount"):
        budget["BudgetLimit"] = {"Amount": str(given["limitAmount"]), "Unit": given["limitUnit"]}
    if given.get("costFilters"):
        budget["CostFilters"] = {item["name"]: list(item["values"]) for item in given["costFilters"]}
    if given.get("costTypes"):
        budget["CostTypes"] = {name[0].upper() + name[1:]: value for name, value in given["costTypes"].items()}
    period = {"Start": "timePeriodStart", "End": "timePeriodEnd"}
    times = {member: _encode_time(given[name]) for member, name in period.items() if given.get(name)}
    return {**budget, **({"TimePeriod": times} if times else {})}


def _notifications(values: Values) -> dict[tuple[Any, ...], tuple[dict[str, Any], list[dict[str, str]]]]:
    """The notifications and their subscribers, by what tells one from another."""
    found = {}
    for item in values.get("notifications") or ():
        notification = {
            "NotificationType": item["notificationType"],
            "ComparisonOperator": item["comparisonOperator"],
            "Threshold": float(item["threshold"]),
            "ThresholdType": item["thresholdType"],
        }
        found[tuple(notification.values())] = notification, list(_subscribers(item))
    return found


def _subscribers(notification: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for kind, name in _SUBSCRIBERS.items():
        for address in notification.get(name) or ():
            yield {"SubscriptionType": kind, "Address": address}


def _create(resource: Resource) -> dict[str, Any]:
    tags = [{"Key": key, "Value": value} for key, value in (resource.inputs.get("tags") or {}).items()]
    wanted = _notifications(resource.inputs).values()
    resource.call(
        "create_budget",
        AccountId=_account(resource),
        Budget=_budget(resource),
        NotificationsWithSubscribers=[{"Notification": one, "Subscribers": told} for one, told in wanted],
        **({"ResourceTags": tags} if tags else {}),
    )
    return {"accountId": _account(resource)}


def _update(resource: Resource) -> None:
    resource.call("update_budget", AccountId=_account(resource), NewBudget=_budget(resource))


def _set_notifications(resource: Resource) -> None:
    """A notification whose subscribers differ is made anew: AWS does not let the last subscriber go."""
    new, old = _notifications(resource.inputs), _notifications(resource.before)
    which = {"AccountId": _account(resource), "BudgetName": resource.value("name")}
    for key, (notification, subscribers) in old.items():
        if key not in new or new[key][1] != subscribers:
            resource.call("delete_notification", Notification=notification, **which)
    for key, (notification, subscribers) in new.items():
        if key not in old or old[key][1] != subscribers:
            resource.call("create_notification", Notification=notification, Subscribers=subscribers, **which)


def _read(resource: Resource) -> dict[str, Any]:
    which = {"AccountId": _account(resource), "BudgetName": resource.value("name")}
    budget = resource.call("describe_budget", **which)["Budget"]
    notifications = []
    for found in resource.call("describe_notifications_for_budget", **which)["Notifications"]:
        told = {name: found[name] for name in found if name != "NotificationState"}
        listed = resource.call("describe_subscribers_for_notification", Notification=told, **which)["Subscribers"]
        by_kind = {
            name: [item["Address"] for item in listed if item["SubscriptionType"] == kind]
            for kind, name in _SUBSCRIBERS.items()
        }
        notifications.append({**told, **{name: addresses for name, addresses in by_kind.items() if addresses}})
    return {**budget, "AccountId": _account(resource), "Notifications": notifications}


def _encode_time(value: str) -> datetime:
    return datetime.strptime(value, _TIME).replace(tzinfo=UTC)


def _decode_time(value: datetime) -> str:
    return value.astimezone(UTC).strftime(_TIME)


ROWS = (
    Row(
        "aws:budgets/budget:Budget",
        "budgets",
        create=_create,
        id="{accountId}:{name}",
        parse=by_parts(":", "accountId", "name"),
        read=_read,
        updates=(Update(_BUDGET, _update), Update(("notifications",), _set_notifications)),
        delete=Call("delete_budget"),
        fields=(
            Field("name", aws="BudgetName"),
            Field(
                "costFilters",
                decode=lambda value: [{"name": key, "values": value[key]} for key in sorted(value)],
                normal=lambda value: sorted((item["name"], sorted(item["values"])) for item in value or ()),
            ),
            Field("limitAmount", read="BudgetLimit.Amount", normal=float),
            Field("limitUnit", read="BudgetLimit.Unit"),
            Field("timePeriodStart", read="TimePeriod.Start", decode=_decode_time),
            Field("timePeriodEnd", read="TimePeriod.End", decode=_decode_time, default="2087-06-15_00:00"),
        ),
        outputs={"arn": "arn:aws:budgets::{accountId}:budget/{name}"},
        tags=Tags(
            tag=Call("tag_resource", {"ResourceARN": "arn:aws:budgets::{accountId}:budget/{name}"}),
            untag=Call("untag_resource", {"ResourceARN": "arn:aws:budgets::{accountId}:budget/{name}"}),
            read=Call("list_tags_for_resource", {"ResourceARN": "arn:aws:budgets::{accountId}:budget/{name}"}),
            at="ResourceTags",
        ),
        handles=("accountId", "name", "notifications", "tags", *_BUDGET),
        required=("name",),
    ),
)
