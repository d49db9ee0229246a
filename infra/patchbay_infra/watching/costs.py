"""What the environment may cost, and who is told when it costs more or suddenly something else."""

import json
from collections.abc import Mapping
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from patchbay_infra.context import Context
from patchbay_infra.watching.config import WatchingConfig

# The tag of Context.tags by which bills are split.
_TAG: Final = "patchbay:environment"
_NOTICES: Final = (("ACTUAL", 80.0), ("ACTUAL", 100.0), ("FORECASTED", 100.0))


def monthly_budget(
    name: str, config: WatchingConfig, *, context: Context, topic_arn: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> aws.budgets.Budget:
    return aws.budgets.Budget(
        name,
        name=context.name(name),
        budget_type="COST",
        time_unit="MONTHLY",
        limit_amount=str(config.monthly_budget_usd),
        limit_unit="USD",
        cost_filters=[
            aws.budgets.BudgetCostFilterArgs(name="TagKeyValue", values=[f"user:{_TAG}${context.environment}"])
        ],
        notifications=[
            aws.budgets.BudgetNotificationArgs(
                notification_type=kind,
                comparison_operator="GREATER_THAN",
                threshold=percent,
                threshold_type="PERCENTAGE",
                subscriber_sns_topic_arns=[topic_arn],
            )
            for kind, percent in _NOTICES
        ],
        tags=context.tags(name),
        opts=opts,
    )


def anomaly_alert(
    name: str, config: WatchingConfig, *, context: Context, topic_arn: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> None:
    monitor = aws.costexplorer.AnomalyMonitor(
        name,
        name=context.name(name),
        monitor_type="CUSTOM",
        monitor_specification=json.dumps(_of_environment(context.environment)),
        tags=context.tags(name),
        opts=opts,
    )
    aws.costexplorer.AnomalySubscription(
        name,
        name=context.name(name),
        # The only frequency in which a topic is told.
        frequency="IMMEDIATE",
        monitor_arn_lists=[monitor.arn],
        subscribers=[aws.costexplorer.AnomalySubscriptionSubscriberArgs(type="SNS", address=topic_arn)],
        threshold_expression=aws.costexplorer.AnomalySubscriptionThresholdExpressionArgs(
            dimension=aws.costexplorer.AnomalySubscriptionThresholdExpressionDimensionArgs(
                key="ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                match_options=["GREATER_THAN_OR_EQUAL"],
                values=[str(config.anomaly_usd)],
            )
        ),
        tags=context.tags(name),
        opts=opts,
    )


def _of_environment(environment: str) -> Mapping[str, Any]:
    """With every key that AWS answers with: the provider compares the texts, and would replace the monitor."""
    tags = {"Key": _TAG, "MatchOptions": None, "Values": [environment]}
    return {"And": None, "CostCategories": None, "Dimensions": None, "Not": None, "Or": None, "Tags": tags}
