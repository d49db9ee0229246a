"""Rows of Budgets and Cost Explorer, tried with the arguments of the watching component."""

from collections.abc import Iterator

import pytest

from tests.standins.aws.account import Account
from tests.standins.aws.launched import ACCOUNT, launched
from tests.standins.pulumi_plugins.aws.rows import change, destroy, program, settle
from tests.standins.pulumi_plugins.stack import Stack

pytestmark = pytest.mark.long

COSTS = """
topic = aws.sns.Topic("alarms", name="alarms", tags={"Name": "alarms"}, opts=opts)
budget = aws.budgets.Budget("budget", name="example", budget_type="COST", time_unit="MONTHLY", limit_amount=LIMIT,
    limit_unit="USD", cost_filters=[aws.budgets.BudgetCostFilterArgs(name="TagKeyValue",
        values=["user:patchbay:environment$example"])],
    notifications=[aws.budgets.BudgetNotificationArgs(notification_type=kind, comparison_operator="GREATER_THAN",
        threshold=percent, threshold_type="PERCENTAGE", subscriber_sns_topic_arns=[topic.arn])
        for kind, percent in NOTICES],
    tags={"Name": TAG}, opts=opts)
monitor = aws.costexplorer.AnomalyMonitor("monitor", name=f"{TAG}-monitor", monitor_type="CUSTOM",
    monitor_specification=json.dumps({"And": None, "CostCategories": None, "Dimensions": None, "Not": None,
        "Or": None, "Tags": {"Key": "patchbay:environment", "MatchOptions": None, "Values": ["example"]}}),
    tags={"Name": TAG}, opts=opts)
aws.costexplorer.AnomalySubscription("subscription", name="example", frequency="IMMEDIATE",
    monitor_arn_lists=[monitor.arn],
    subscribers=[aws.costexplorer.AnomalySubscriptionSubscriberArgs(type="SNS", address=topic.arn)],
    threshold_expression=aws.costexplorer.AnomalySubscriptionThresholdExpressionArgs(
        dimension=aws.costexplorer.AnomalySubscriptionThresholdExpressionDimensionArgs(
            key="ANOMALY_TOTAL_IMPACT_ABSOLUTE", match_options=["GREATER_THAN_OR_EQUAL"], values=[AMOUNT])),
    tags={"Name": TAG}, opts=opts)
pulumi.export("budget", budget.id)
"""
FIRST = """
LIMIT, TAG, AMOUNT = "1000", "example", "100"
NOTICES = (("ACTUAL", 80.0), ("ACTUAL", 100.0), ("FORECASTED", 100.0))
"""
SECOND = """
LIMIT, TAG, AMOUNT = "2000", "changed", "200"
NOTICES = (("ACTUAL", 90.0), ("FORECASTED", 100.0))
"""


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with launched(tmp_path_factory.mktemp("emulator")) as account:
        yield account


def test_budgets_and_anomaly_alerts_are_made_kept_changed_and_deleted(stack: Stack, account: Account) -> None:
    settle(stack, program(account, FIRST + COSTS, network=False))
    assert stack.outputs()["budget"] == f"{ACCOUNT}:example"
    budgets, costs = account.client("budgets"), account.client("ce")
    which = {"AccountId": ACCOUNT, "BudgetName": "example"}
    assert budgets.describe_budget(**which)["Budget"]["BudgetLimit"]["Amount"] == "1000"
    notices = budgets.describe_notifications_for_budget(**which)["Notifications"]
    assert {notice["Threshold"] for notice in notices} == {80.0, 100.0}

    change(stack, program(account, SECOND + COSTS, network=False), updated=3)
    assert budgets.describe_budget(**which)["Budget"]["BudgetLimit"]["Amount"] == "2000"
    notices = budgets.describe_notifications_for_budget(**which)["Notifications"]
    assert {notice["Threshold"] for notice in notices} == {90.0, 100.0}
    [monitor] = costs.get_anomaly_monitors()["AnomalyMonitors"]
    assert monitor["MonitorName"] == "changed-monitor"
    [subscription] = costs.get_anomaly_subscriptions()["AnomalySubscriptions"]
    assert subscription["ThresholdExpression"]["Dimensions"]["Values"] == ["200"]

    destroy(stack)
    assert not budgets.describe_budgets(AccountId=ACCOUNT).get("Budgets")
    assert not costs.get_anomaly_monitors()["AnomalyMonitors"]
    assert not costs.get_anomaly_subscriptions()["AnomalySubscriptions"]
