"""What rings, when, and what to do then."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

import pulumi

from patchbay_infra import platform_metrics
from patchbay_infra.watching.alarm import Alarm, Metric
from patchbay_infra.watching.config import ThresholdsConfig

_GIB: Final = 1024**3
_FIVE_MINUTES: Final = 300
# Below this many answers in 5 minutes, a single error would be a high share.
_FEWEST_ANSWERS: Final = 50
# Longer than any threshold: RDS tells a lag of -1 where replication does not run at all.
_STOPPED_REPLICATION: Final = 86_400

Statistic = Literal["Average", "Maximum", "Minimum", "Sum"]


def database_alarms(copy: str, identifier: pulumi.Input[str], limits: ThresholdsConfig) -> Iterator[Alarm]:
    """`copy`: write or read."""

    def metric(name: str, statistic: Statistic) -> Mapping[str, Metric]:
        dimensions = {"DBInstanceIdentifier": identifier}
        return {"m": Metric("AWS/RDS", name, dimensions, statistic, _FIVE_MINUTES)}

    yield Alarm(
        f"database-{copy}-cpu",
        f"The {copy} copy is short of CPU. Look in Database Insights for the statements that take it; stop or index "
        f"them, or raise databases.{copy}.instanceClass.",
        metric("CPUUtilization", "Average"),
        limits.database_cpu_percent,
        periods=3,
    )
    yield Alarm(
        f"database-{copy}-storage",
        f"The {copy} copy runs out of storage, although AWS grows it by itself: it has reached "
        "databases.storageLimitGib, or grew within the last 6 hours. Raise the limit; look for what fills it.",
        metric("FreeStorageSpace", "Minimum"),
        limits.database_free_storage_gib * _GIB,
        periods=1,
        rings="below",
    )
    yield Alarm(
        f"database-{copy}-connections",
        f"The {copy} copy nears its limit of connections. Compare the runtime's pods with the size of their pools; "
        "give flows fewer pods, or raise databases.maxConnections together with the class.",
        metric("DatabaseConnections", "Maximum"),
        limits.database_connections,
        periods=2,
    )


def replica_alarm(identifier: pulumi.Input[str], limits: ThresholdsConfig) -> Alarm:
    lag = Metric("AWS/RDS", "ReplicaLag", {"DBInstanceIdentifier": identifier}, "Maximum", 60)
    return Alarm(
        "database-read-lag",
        "The read copy is behind, or has stopped following (a lag of a day stands for that). Look at its error log; "
        "end long transactions on the write copy, or make the read copy anew.",
        {"lag": lag},
        limits.replica_lag_seconds,
        periods=5,
        expression=f"IF(lag < 0, {_STOPPED_REPLICATION}, lag)",
    )


def cache_alarm(cluster: str, members: Sequence[pulumi.Input[str]], limits: ThresholdsConfig) -> Alarm:
    """`members`: ids of the cache's nodes; the fullest one counts."""
    metrics = {
        f"m{number}": Metric(
            "AWS/ElastiCache", "DatabaseMemoryUsagePercentage", {"CacheClusterId": member}, "Maximum", 60
        )
        for number, member in enumerate(members, start=1)
    }
    return Alarm(
        f"cache-{cluster}-memory",
        "The cache fills up, and refuses processes when it is full. Look for a shape whose processes wait or die "
        "(Horizon's workload); let its pods grow, or raise cache.nodeType.",
        metrics,
        limits.cache_memory_percent,
        periods=5,
        expression=f"MAX([{', '.join(metrics)}])",
    )


def load_balancer_alarm(load_balancer: pulumi.Input[str], limits: ThresholdsConfig) -> Alarm:
    """`load_balancer`: the end of its ARN, as CloudWatch names it."""
    errors = Metric(
        "AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", {"LoadBalancer": load_balancer}, "Sum", _FIVE_MINUTES
    )
    return Alarm(
        "edge-5xx",
        "The load balancer itself answers 5xx: no gateway takes its requests. Look at the health of the target groups, "
        "then at the gateway's pods and the nodes they run on.",
        {"errors": errors},
        limits.load_balancer_errors,
        periods=1,
        quiet_without_data=True,
    )


def gateway_alarm(
    cluster: str, load_balancer: pulumi.Input[str], target_group: pulumi.Input[str], limits: ThresholdsConfig
) -> Alarm:
    def metric(name: str) -> Metric:
        dimensions = {"LoadBalancer": load_balancer, "TargetGroup": target_group}
        return Metric("AWS/ApplicationELB", name, dimensions, "Sum", _FIVE_MINUTES)

    return Alarm(
        f"gateway-{cluster}-5xx",
        "The cluster's gateway or the runtime behind it answers 5xx. Look at the gateway's log for the route, then at "
        "the API's pods; if it began with a release, put the last one back.",
        {"errors": metric("HTTPCode_Target_5XX_Count"), "answers": metric("RequestCount")},
        limits.gateway_error_percent,
        periods=2,
        expression=f"IF(answers >= {_FEWEST_ANSWERS}, 100 * FILL(errors, 0) / answers, 0)",
        quiet_without_data=True,
    )


def node_alarm(cluster: str, cluster_name: pulumi.Input[str], limits: ThresholdsConfig) -> Alarm:
    """`cluster_name`: EKS' name of it, under which the platform counts its nodes."""

    def nodes(statistic: Statistic) -> Metric:
        return Metric(platform_metrics.NAMESPACE, platform_metrics.NODES, {"Cluster": cluster_name}, statistic, 900)

    return Alarm(
        f"nodes-{cluster}-spike",
        "The cluster gained or lost many nodes within 15 minutes. Look at the cluster autoscaler's log for the pods "
        "that asked; cap the shape's maximum of pods, or the node group's size. Lost nodes: look for a spot recall.",
        {"most": nodes("Maximum"), "least": nodes("Minimum")},
        limits.node_count_spike,
        periods=1,
        expression="most - least",
    )


def backlog_alarm(cluster: str, cluster_name: pulumi.Input[str], limits: ThresholdsConfig) -> Alarm:
    waiting = Metric(
        platform_metrics.NAMESPACE, platform_metrics.WAITING, {"Cluster": cluster_name}, "Minimum", _FIVE_MINUTES
    )
    return Alarm(
        f"queue-{cluster}-backlog",
        "Processes wait and do not become fewer. Look for the shape in Horizon's workload: Pending pods mean that "
        "nodes are missing, a maximum of pods that is reached means raise it, restarting pods mean read their log.",
        {"waiting": waiting},
        limits.waiting_processes,
        periods=3,
    )
