"""An alarm as data, and the resource made of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from patchbay_infra.context import Context


@dataclass(frozen=True)
class Metric:
    """One time series of CloudWatch. `period`: seconds that each value stands for."""

    namespace: str
    name: str
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: Literal["Average", "Maximum", "Minimum", "Sum"]
    period: int


@dataclass(frozen=True)
class Alarm:
    """Rings once `periods` values in a row are at or beyond the threshold.

    `expression`: what to compare, of `metrics` by their ids; without one, the single metric. `advice`: what whoever is
    called does first. `quiet_without_data`: whether no value means that nothing happened; otherwise a metric
    that vanishes is told as well.
    """

    name: str
    advice: str
    metrics: Mapping[str, Metric]
    threshold: float
    periods: int
    expression: str = ""
    rings: Literal["above", "below"] = "above"
    quiet_without_data: bool = False

    def create(
        self, name: str, *, context: Context, topic_arn: pulumi.Input[str], parent: pulumi.Resource
    ) -> aws.cloudwatch.MetricAlarm:
        above = self.rings == "above"
        return aws.cloudwatch.MetricAlarm(
            f"{name}-{self.name}",
            name=context.name(self.name),
            alarm_description=self.advice,
            comparison_operator="GreaterThanOrEqualToThreshold" if above else "LessThanOrEqualToThreshold",
            threshold=self.threshold,
            evaluation_periods=self.periods,
            datapoints_to_alarm=self.periods,
            metric_queries=self._queries(),
            treat_missing_data="notBreaching" if self.quiet_without_data else "missing",
            alarm_actions=[topic_arn],
            ok_actions=[topic_arn],
            insufficient_data_actions=[] if self.quiet_without_data else [topic_arn],
            tags=context.tags(self.name),
            opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True),
        )

    def _queries(self) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgs]:
        inputs = [
            aws.cloudwatch.MetricAlarmMetricQueryArgs(
                id=id_,
                return_data=not self.expression,
                metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
                    namespace=metric.namespace,
                    metric_name=metric.name,
                    dimensions=metric.dimensions,
                    stat=metric.statistic,
                    period=metric.period,
                ),
            )
            for id_, metric in self.metrics.items()
        ]
        if not self.expression:
            return inputs
        result = aws.cloudwatch.MetricAlarmMetricQueryArgs(
            id="result", expression=self.expression, label=self.name, return_data=True
        )
        return [result, *inputs]
