"""Budgets and Cost Explorer through boto3."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.standins.aws.account import Account
from tests.standins.aws.launched import ACCOUNT, NAME_TAG, launched, tags

NOTIFICATION = {
    "NotificationType": "ACTUAL",
    "ComparisonOperator": "GREATER_THAN",
    "Threshold": 80.0,
    "ThresholdType": "PERCENTAGE",
}
SUBSCRIBER = {"SubscriptionType": "EMAIL", "Address": "oncall@example.com"}
TOPIC = "arn:aws:sns:eu-central-1:111122223333:example"
THRESHOLD = {
    "Dimensions": {
        "Key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
        "Values": ["100"],
        "MatchOptions": ["GREATER_THAN_OR_EQUAL"],
    }
}


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with launched(tmp_path_factory.mktemp("emulator")) as account:
        yield account


@pytest.fixture
def budget(account: Account) -> Iterator[Any]:
    client = account.client("budgets")
    client.create_budget(
        AccountId=ACCOUNT,
        Budget={
            "BudgetName": "example",
            "BudgetLimit": {"Amount": "100", "Unit": "USD"},
            "TimeUnit": "MONTHLY",
            "BudgetType": "COST",
        },
        NotificationsWithSubscribers=[{"Notification": NOTIFICATION, "Subscribers": [SUBSCRIBER]}],
        ResourceTags=NAME_TAG,
    )
    yield client
    client.delete_budget(AccountId=ACCOUNT, BudgetName="example")


def test_a_budget_is_changed(budget: Any) -> None:
    budget.update_budget(
        AccountId=ACCOUNT,
        NewBudget={
            "BudgetName": "example",
            "BudgetLimit": {"Amount": "200", "Unit": "USD"},
            "TimeUnit": "MONTHLY",
            "BudgetType": "COST",
            "TimePeriod": {"Start": datetime(2026, 1, 1, tzinfo=UTC)},
        },
    )
    found = budget.describe_budget(AccountId=ACCOUNT, BudgetName="example")["Budget"]
    assert found["BudgetLimit"]["Amount"] == "200"
    assert found["TimePeriod"]["Start"] == datetime(2026, 1, 1, tzinfo=UTC)


def test_the_subscribers_of_a_notification_are_told_and_changed(budget: Any) -> None:
    which = {"AccountId": ACCOUNT, "BudgetName": "example", "Notification": NOTIFICATION}
    assert budget.describe_subscribers_for_notification(**which)["Subscribers"] == [SUBSCRIBER]
    other = {"SubscriptionType": "SNS", "Address": TOPIC}
    budget.create_subscriber(Subscriber=other, **which)
    budget.delete_subscriber(Subscriber=SUBSCRIBER, **which)
    assert budget.describe_subscribers_for_notification(**which)["Subscribers"] == [other]
    budget.delete_notification(**which)
    assert not budget.describe_notifications_for_budget(AccountId=ACCOUNT, BudgetName="example")["Notifications"]


def test_a_budget_is_tagged(budget: Any) -> None:
    arn = f"arn:aws:budgets::{ACCOUNT}:budget/example"
    budget.tag_resource(ResourceARN=arn, ResourceTags=[{"Key": "other", "Value": "x"}])
    budget.untag_resource(ResourceARN=arn, ResourceTagKeys=["Name"])
    assert tags(budget.list_tags_for_resource(ResourceARN=arn)["ResourceTags"]) == {"other": "x"}


def test_anomalies_are_watched_and_told(account: Account) -> None:
    client = account.client("ce")
    monitor = client.create_anomaly_monitor(
        AnomalyMonitor={"MonitorName": "example", "MonitorType": "DIMENSIONAL", "MonitorDimension": "SERVICE"},
        ResourceTags=NAME_TAG,
    )["MonitorArn"]
    subscription = client.create_anomaly_subscription(
        AnomalySubscription={
            "SubscriptionName": "example",
            "Frequency": "IMMEDIATE",
            "MonitorArnList": [monitor],
            "Subscribers": [{"Type": "SNS", "Address": TOPIC}],
            "ThresholdExpression": THRESHOLD,
        },
        ResourceTags=NAME_TAG,
    )["SubscriptionArn"]
    client.update_anomaly_monitor(MonitorArn=monitor, MonitorName="renamed")
    client.update_anomaly_subscription(SubscriptionArn=subscription, SubscriptionName="renamed")
    [found] = client.get_anomaly_subscriptions(SubscriptionArnList=[subscription])["AnomalySubscriptions"]
    assert (found["SubscriptionName"], found["ThresholdExpression"]) == ("renamed", THRESHOLD)
    # Another region's client sees the same: the service is global.
    other = account.client("ce", "eu-west-1")
    assert other.get_anomaly_monitors(MonitorArnList=[monitor])["AnomalyMonitors"][0]["MonitorName"] == "renamed"
    assert tags(client.list_tags_for_resource(ResourceArn=monitor)["ResourceTags"]) == {"Name": "example"}
    client.delete_anomaly_subscription(SubscriptionArn=subscription)
    client.delete_anomaly_monitor(MonitorArn=monitor)
    assert not client.get_anomaly_monitors()["AnomalyMonitors"]
    assert not client.list_tags_for_resource(ResourceArn=monitor)["ResourceTags"]
    with pytest.raises(ClientError, match="UnknownMonitorException"):
        client.get_anomaly_monitors(MonitorArnList=[monitor])


def test_an_immediate_subscription_needs_a_topic(account: Account) -> None:
    with pytest.raises(ClientError, match="SNS"):
        account.client("ce").create_anomaly_subscription(
            AnomalySubscription={
                "SubscriptionName": "example",
                "Frequency": "IMMEDIATE",
                "MonitorArnList": [],
                "Subscribers": [{"Type": "EMAIL", "Address": "oncall@example.com"}],
            }
        )
