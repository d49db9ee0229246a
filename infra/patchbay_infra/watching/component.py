"""Who is called when an environment needs somebody."""

from collections.abc import Iterator, Mapping, Sequence

import pulumi

from patchbay_infra.context import Context
from patchbay_infra.watching import rules
from patchbay_infra.watching.alarm import Alarm
from patchbay_infra.watching.config import ThresholdsConfig, WatchingConfig
from patchbay_infra.watching.costs import anomaly_alert, monthly_budget
from patchbay_infra.watching.topic import alarm_topic


class Watching(pulumi.ComponentResource):
    """Alarms, a monthly budget and an alert on unusual costs, all told to one encrypted topic.

    `caches`: by cluster, the ids of the cache's nodes. `load_balancer_arn_suffix`, `target_group_arn_suffixes` (by
    cluster): how CloudWatch names them. `clusters`: EKS' names of them by ours. `events`: whether the topic is told of
    AWS' own events, too.
    """

    topic_arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        config: WatchingConfig,
        *,
        context: Context,
        writer_identifier: pulumi.Input[str],
        reader_identifier: pulumi.Input[str],
        caches: Mapping[str, Sequence[pulumi.Input[str]]],
        load_balancer_arn_suffix: pulumi.Input[str],
        target_group_arn_suffixes: Mapping[str, pulumi.Input[str]],
        clusters: Mapping[str, pulumi.Input[str]],
        logs_key_arn: pulumi.Input[str],
        events: bool = False,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:infra:Watching", name, None, opts)
        topic, policy = alarm_topic(
            f"{name}-alarms", config, context=context, key_arn=logs_key_arn, events=events, parent=self
        )

        def alarms(limits: ThresholdsConfig) -> Iterator[Alarm]:
            yield from rules.database_alarms("write", writer_identifier, limits)
            yield from rules.database_alarms("read", reader_identifier, limits)
            yield rules.replica_alarm(reader_identifier, limits)
            for cluster, members in caches.items():
                yield rules.cache_alarm(cluster, members, limits)
            yield rules.load_balancer_alarm(load_balancer_arn_suffix, limits)
            for cluster, target_group in target_group_arn_suffixes.items():
                yield rules.gateway_alarm(cluster, load_balancer_arn_suffix, target_group, limits)
            for cluster, cluster_name in clusters.items():
                yield rules.node_alarm(cluster, cluster_name, limits)
                yield rules.backlog_alarm(cluster, cluster_name, limits)

        for alarm in alarms(config.thresholds):
            alarm.create(name, context=context, topic_arn=topic.arn, parent=self)
        # Both services try the topic when they are given it.
        told = pulumi.ResourceOptions(parent=self, depends_on=[policy])
        monthly_budget(f"{name}-budget", config, context=context, topic_arn=topic.arn, opts=told)
        anomaly_alert(f"{name}-costs", config, context=context, topic_arn=topic.arn, opts=told)
        self.topic_arn = topic.arn
        self.register_outputs({"topicArn": self.topic_arn})
