"""Alarms, the budget and the alert on unusual costs."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from patchbay_infra.context import Context
from patchbay_infra.watching.component import Watching
from patchbay_infra.watching.config import WatchingConfig

from .data_services import LOGS_KEY, assert_tagged_uniquely, refusal
from .mocks import PRODUCTION, Recorded, mock_arn, record

CONFIG: Mapping[str, Any] = {
    "monthlyBudgetUsd": 5000,
    "emails": ["on-call@example.com"],
    "endpoints": ["https://on-call.example.com/patchbay"],
}
ALARM = "cloudwatch/metricAlarm:MetricAlarm"
TOPIC = mock_arn("watching-alarms")


def watching(values: Mapping[str, Any] = CONFIG, context: Context = PRODUCTION, *, events: bool = False) -> Recorded:
    def program() -> Mapping[str, Any]:
        made = Watching(
            "watching",
            WatchingConfig.model_validate(values),
            context=context,
            writer_identifier="db-write",
            reader_identifier="db-read",
            caches={"main": ["cache-001", "cache-002"]},
            load_balancer_arn_suffix="app/edge/1",
            target_group_arn_suffixes={"main": "targetgroup/main/1"},
            clusters={"main": "eks-main"},
            logs_key_arn=LOGS_KEY,
            events=events,
            opts=pulumi.ResourceOptions(),
        )
        return {"topic": made.topic_arn}

    return record(program)


def alarm(recorded: Recorded, name: str) -> Mapping[str, Any]:
    return recorded.one(ALARM, f"watching-{name}").inputs


def metrics(inputs: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, str], str]]:
    found = [query["metric"] for query in inputs["metricQueries"] if "metric" in query]
    return [(one["namespace"], one["metricName"], one["dimensions"], one["stat"]) for one in found]


def expression(inputs: Mapping[str, Any]) -> str:
    (result,) = (query for query in inputs["metricQueries"] if query["returnData"])
    text: str = result["expression"]
    return text


def test_everything_that_the_on_call_must_know_has_an_alarm() -> None:
    assert {one.name.removeprefix("watching-") for one in watching().of(ALARM)} == {
        *(f"database-{copy}-{what}" for copy in ("write", "read") for what in ("cpu", "storage", "connections")),
        "database-read-lag",
        "cache-main-memory",
        "edge-5xx",
        "gateway-main-5xx",
        "nodes-main-spike",
        "queue-main-backlog",
    }


def test_every_alarm_calls_says_what_to_do_and_says_when_it_is_over() -> None:
    for one in watching().of(ALARM):
        assert one.inputs["alarmActions"] == [TOPIC]
        assert one.inputs["okActions"] == [TOPIC]
        # What is the matter, then what to do; CloudWatch takes 1024 characters.
        assert one.inputs["alarmDescription"].count(". ") + 1 >= 2
        assert len(one.inputs["alarmDescription"]) <= 1024
        assert sum(query["returnData"] for query in one.inputs["metricQueries"]) == 1


def test_silence_is_no_good_news_but_where_a_metric_counts_errors() -> None:
    for one in watching().of(ALARM):
        counts_errors = one.name.endswith("5xx")
        assert one.inputs["treatMissingData"] == ("notBreaching" if counts_errors else "missing")
        assert one.inputs["insufficientDataActions"] == ([] if counts_errors else [TOPIC])


@pytest.mark.parametrize(
    ("name", "metric", "comparison", "threshold"),
    [
        ("database-write-cpu", ("AWS/RDS", "CPUUtilization", {"DBInstanceIdentifier": "db-write"}, "Average"), ">", 80),
        (
            "database-read-storage",
            ("AWS/RDS", "FreeStorageSpace", {"DBInstanceIdentifier": "db-read"}, "Minimum"),
            "<",
            10 * 1024**3,
        ),
        (
            "database-write-connections",
            ("AWS/RDS", "DatabaseConnections", {"DBInstanceIdentifier": "db-write"}, "Maximum"),
            ">",
            400,
        ),
        ("database-read-lag", ("AWS/RDS", "ReplicaLag", {"DBInstanceIdentifier": "db-read"}, "Maximum"), ">", 30),
        (
            "edge-5xx",
            ("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", {"LoadBalancer": "app/edge/1"}, "Sum"),
            ">",
            20,
        ),
        ("queue-main-backlog", ("Patchbay", "WaitingProcesses", {"Cluster": "eks-main"}, "Minimum"), ">", 1000),
    ],
)
def test_an_alarm_watches_the_right_metric_from_the_right_side(
    name: str, metric: tuple[str, str, Mapping[str, str], str], comparison: str, threshold: float
) -> None:
    inputs = alarm(watching(), name)
    assert metrics(inputs) == [metric]
    operators = {">": "GreaterThanOrEqualToThreshold", "<": "LessThanOrEqualToThreshold"}
    assert inputs["comparisonOperator"] == operators[comparison]
    assert inputs["threshold"] == threshold


def test_a_replication_that_stopped_rings_like_one_that_is_late() -> None:
    assert expression(alarm(watching(), "database-read-lag")) == "IF(lag < 0, 86400, lag)"


def test_the_fullest_node_of_a_cache_counts() -> None:
    inputs = alarm(watching(), "cache-main-memory")
    assert [dimensions["CacheClusterId"] for _, _, dimensions, _ in metrics(inputs)] == ["cache-001", "cache-002"]
    assert expression(inputs) == "MAX([m1, m2])"


def test_a_gateway_s_errors_count_as_a_share_of_its_answers() -> None:
    inputs = alarm(watching(), "gateway-main-5xx")
    assert {(name, dimensions["TargetGroup"]) for _, name, dimensions, _ in metrics(inputs)} == {
        ("HTTPCode_Target_5XX_Count", "targetgroup/main/1"),
        ("RequestCount", "targetgroup/main/1"),
    }
    assert "100 * FILL(errors, 0) / answers" in expression(inputs)


def test_nodes_that_come_or_go_at_once_are_told() -> None:
    inputs = alarm(watching(), "nodes-main-spike")
    assert metrics(inputs) == [
        ("Patchbay", "Nodes", {"Cluster": "eks-main"}, "Maximum"),
        ("Patchbay", "Nodes", {"Cluster": "eks-main"}, "Minimum"),
    ]
    assert expression(inputs) == "most - least"


def test_thresholds_are_configuration() -> None:
    recorded = watching({**CONFIG, "thresholds": {"waitingProcesses": 50, "databaseFreeStorageGib": 2}})
    assert alarm(recorded, "queue-main-backlog")["threshold"] == 50
    assert alarm(recorded, "database-write-storage")["threshold"] == 2 * 1024**3


def test_the_topic_is_encrypted_and_only_aws_services_of_this_account_publish() -> None:
    recorded = watching()
    assert recorded.one("sns/topic:Topic").inputs["kmsMasterKeyId"] == LOGS_KEY
    policy = json.loads(recorded.one("sns/topicPolicy:TopicPolicy").inputs["policy"])
    by_effect = {statement["Effect"]: statement for statement in policy["Statement"]}
    assert by_effect["Allow"]["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}
    assert by_effect["Allow"]["Principal"] == {
        "Service": ["budgets.amazonaws.com", "cloudwatch.amazonaws.com", "costalerts.amazonaws.com"]
    }
    assert by_effect["Deny"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert recorded.outputs["topic"] == TOPIC


def test_event_rules_publish_only_where_there_are_any_and_without_a_condition() -> None:
    """AWS takes no condition for them: EventBridge's guide, "Amazon SNS permissions"."""

    def publishers(recorded: Recorded) -> dict[str, Any]:
        policy = json.loads(recorded.one("sns/topicPolicy:TopicPolicy").inputs["policy"])
        return {one["Sid"]: one for one in policy["Statement"]}

    assert "Events" not in publishers(watching())
    told = publishers(watching(events=True))["Events"]
    assert told["Principal"] == {"Service": "events.amazonaws.com"}
    assert (told["Action"], told["Resource"]) == (["sns:Publish"], [TOPIC])
    assert "Condition" not in told


def test_the_on_call_is_told_by_mail_and_by_webhook() -> None:
    subscriptions = watching().of("sns/topicSubscription:TopicSubscription")
    assert {(one.inputs["protocol"], one.inputs["endpoint"], one.inputs["topic"]) for one in subscriptions} == {
        ("email", "on-call@example.com", TOPIC),
        ("https", "https://on-call.example.com/patchbay", TOPIC),
    }


def test_the_budget_counts_this_environment_s_costs_and_warns_before_they_are_spent() -> None:
    budget = watching().one("budgets/budget:Budget").inputs
    assert (budget["limitAmount"], budget["limitUnit"], budget["timeUnit"]) == ("5000", "USD", "MONTHLY")
    assert budget["costFilters"] == [{"name": "TagKeyValue", "values": ["user:patchbay:environment$production"]}]
    assert {(one["notificationType"], one["threshold"]) for one in budget["notifications"]} == {
        ("ACTUAL", 80),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    }
    assert all(one["subscriberSnsTopicArns"] == [TOPIC] for one in budget["notifications"])


def test_unusual_costs_are_told_at_once() -> None:
    recorded = watching({**CONFIG, "anomalyUsd": 250})
    monitor = recorded.one("costexplorer/anomalyMonitor:AnomalyMonitor")
    assert json.loads(monitor.inputs["monitorSpecification"])["Tags"]["Values"] == ["production"]
    subscription = recorded.one("costexplorer/anomalySubscription:AnomalySubscription").inputs
    assert subscription["frequency"] == "IMMEDIATE"
    assert subscription["monitorArnLists"] == [mock_arn("watching-costs")]
    assert subscription["subscribers"] == [{"type": "SNS", "address": TOPIC}]
    assert subscription["thresholdExpression"]["dimension"]["values"] == ["250"]


def test_everything_can_be_found_by_its_name_tag() -> None:
    assert_tagged_uniquely(watching())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"emails": ["nobody"]}, "emails[0]: "),
        ({"endpoints": ["http://on-call.example.com"]}, "endpoints[0]: "),
        ({"endpoints": ["https://on-call.example.com/?token=x"]}, "endpoints[0]: "),
        ({"monthlyBudgetUsd": 0}, "monthlyBudgetUsd: Input should be greater than or equal to 1"),
        ({"thresholds": {"databaseCpuPercent": 120}}, "thresholds.databaseCpuPercent: Input should be less than"),
        ({"thresholds": {"cpu": 80}}, "thresholds.cpu: unknown key; correct its spelling or remove it"),
    ],
)
def test_a_wrong_config_is_refused_with_the_field_and_the_remedy(change: Mapping[str, Any], told: str) -> None:
    assert told in refusal(WatchingConfig, {**CONFIG, **change})


def test_production_refuses_alarms_that_nobody_hears() -> None:
    config = WatchingConfig.model_validate({"monthlyBudgetUsd": 100})
    assert [field for field, _ in config.faults(production=True)] == ["endpoints"]
    assert config.faults(production=False) == []
    assert WatchingConfig.model_validate(CONFIG).faults(production=True) == []
