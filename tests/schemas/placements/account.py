"""Roles, keys, logs, alarms and costs: where they go among CloudFormation's types."""

from collections.abc import Mapping
from typing import Final

from tests.schemas.placement import ELSEWHERE, Part, expression, pairs

PLACEMENTS: Final[Mapping[str, tuple[Part, ...]]] = {
    "aws:budgets/budget:Budget": (
        Part(
            kind="AWS::Budgets::Budget",
            names={
                "name": "Budget.BudgetName",
                "budgetType": "Budget.BudgetType",
                "timeUnit": "Budget.TimeUnit",
                "limitAmount": "Budget.BudgetLimit.Amount",
                "limitUnit": "Budget.BudgetLimit.Unit",
                "costFilters": "Budget.CostFilters",
                "notifications": "NotificationsWithSubscribers",
                "notifications.notificationType": "Notification.NotificationType",
                "notifications.comparisonOperator": "Notification.ComparisonOperator",
                "notifications.threshold": "Notification.Threshold",
                "notifications.thresholdType": "Notification.ThresholdType",
                "notifications.subscriberSnsTopicArns": "Subscribers",
                "tags": "ResourceTags",
            },
            encode={
                "costFilters": pairs("name", "values"),
                "notifications.subscriberSnsTopicArns": lambda topics: [
                    {"subscriptionType": "SNS", "address": topic} for topic in topics
                ],
            },
        ),
    ),
    "aws:cloudwatch/logGroup:LogGroup": (Part(kind="AWS::Logs::LogGroup", names={"name": "LogGroupName"}),),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": (Part(kind="AWS::Logs::ResourcePolicy"),),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (
        Part(
            kind="AWS::CloudWatch::Alarm",
            names={
                "name": "AlarmName",
                "metricQueries": "Metrics",
                "metricQueries.metric": "MetricStat",
                "metricQueries.metric.namespace": "Metric.Namespace",
                "metricQueries.metric.metricName": "Metric.MetricName",
                "metricQueries.metric.dimensions": "Metric.Dimensions",
            },
            encode={
                "dimensions": lambda given: [{"name": name, "value": value} for name, value in given.items()],
                "metricQueries.metric.dimensions": lambda given: [
                    {"name": name, "value": value} for name, value in given.items()
                ],
            },
        ),
    ),
    "aws:costexplorer/anomalyMonitor:AnomalyMonitor": (
        Part(kind="AWS::CE::AnomalyMonitor", names={"name": "MonitorName", "tags": "ResourceTags"}),
    ),
    "aws:costexplorer/anomalySubscription:AnomalySubscription": (
        Part(
            kind="AWS::CE::AnomalySubscription",
            names={"name": "SubscriptionName", "tags": "ResourceTags"},
            encode={"thresholdExpression": expression},
        ),
    ),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": (Part(kind="AWS::IAM::OIDCProvider"),),
    "aws:iam/policy:Policy": (
        Part(kind="AWS::IAM::ManagedPolicy", names={"name": "ManagedPolicyName", "policy": "PolicyDocument"}),
    ),
    "aws:iam/role:Role": (
        Part(kind="AWS::IAM::Role", names={"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"}),
    ),
    "aws:iam/rolePolicy:RolePolicy": (
        Part(
            kind="AWS::IAM::RolePolicy",
            names={"name": "PolicyName", "policy": "PolicyDocument", "role": "RoleName"},
        ),
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": (
        Part(
            kind="AWS::IAM::Role",
            names={"role": "RoleName", "policyArn": "ManagedPolicyArns"},
            given={"AssumeRolePolicyDocument": ELSEWHERE},
            whole=False,
        ),
    ),
    "aws:kms/alias:Alias": (Part(kind="AWS::KMS::Alias", names={"name": "AliasName"}),),
    "aws:kms/key:Key": (
        Part(kind="AWS::KMS::Key", names={"policy": "KeyPolicy", "deletionWindowInDays": "PendingWindowInDays"}),
    ),
    "aws:sns/topic:Topic": (Part(kind="AWS::SNS::Topic", names={"name": "TopicName"}),),
    "aws:sns/topicPolicy:TopicPolicy": (
        Part(kind="AWS::SNS::TopicPolicy", names={"arn": "Topics", "policy": "PolicyDocument"}),
    ),
    "aws:sns/topicSubscription:TopicSubscription": (Part(kind="AWS::SNS::Subscription", names={"topic": "TopicArn"}),),
}
