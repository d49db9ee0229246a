"""Each alert fires for what it is there for, in Prometheus' own rule tester, and falls silent after."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from patchbay_platform.prometheus.rules import RULE_FILES

from tests.unit.test_prometheus_rules import NATIVE, check

# A sample every two seconds; the worker under test runs on node-a.
WELL: Final[Mapping[str, str]] = {
    'up{job="workers",instance="w"}': "1x400",
    'process_start_time_seconds{job="workers",instance="w"}': "5x400",
    'patchbay_process_info{job="workers",instance="w",node="node-a",release="one"}': "1x400",
    'patchbay_worker_stopping{job="workers",instance="w",shape="map"}': "0x400",
    'patchbay_worker_redis_up{job="workers",instance="w",shape="map"}': "1x400",
    'patchbay_worker_database_up{job="workers",instance="w",shape="map"}': "1x400",
    'patchbay_worker_dead_letters_total{job="workers",instance="w",shape="map"}': "0x400",
    'patchbay_worker_store_losses_total{job="workers",instance="w",shape="map",store="redis"}': "0x400",
    'patchbay_worker_store_losses_total{job="workers",instance="w",shape="map",store="mariadb"}': "0x400",
    # The clock as each scrape finds it.
    'patchbay_node_clock_seconds{job="workers",instance="w",node="node-a"}': "0+2x400",
    'patchbay_node_disk_free_ratio{job="workers",instance="w",node="node-a"}': "0.6x400",
    'patchbay_horizon_length{instance="e",shape="map"}': "3x400",
    'patchbay_horizon_reserved{instance="e",shape="map"}': "2x400",
    'patchbay_horizon_wait_seconds{instance="e",shape="map"}': "1x400",
    'up{job="api",instance="a"}': "1x400",
    'up{job="gateway",instance="g"}': "1x400",
    'haproxy_process_start_time_seconds{job="gateway",instance="g"}': "-60x400",
    'up{job="json-exporter",instance="e"}': "1x400",
    'up{job="kubernetes",instance="e"}': "1x400",
    'up{job="keda",instance="k"}': "1x400",
    'keda_scaled_object_errors_total{job="keda",scaledObject="shape-map"}': "0x400",
    'up{job="scale-in-order",instance="s"}': "1x400",
    'process_start_time_seconds{job="prometheus",instance="p"}': "-600x400",
    'up{job="cluster-autoscaler",instance="c"}': "1x400",
    'cluster_autoscaler_last_activity{instance="c",activity="main"}': "0+2x400",
    'cluster_autoscaler_nodes_count{instance="c",state="ready"}': "4x400",
    'cluster_autoscaler_nodes_count{instance="c",state="unready"}': "0x400",
    'cluster_autoscaler_unschedulable_pods_count{instance="c",type="unschedulable"}': "0x400",
    'cluster_autoscaler_node_group_min_count{instance="c",node_group="flows"}': "1x400",
    'cluster_autoscaler_node_group_max_count{instance="c",node_group="flows"}': "6x400",
    'cluster_autoscaler_node_group_target_count{instance="c",node_group="flows"}': "2x400",
    # A group of a fixed size is always full.
    'cluster_autoscaler_node_group_min_count{instance="c",node_group="system"}': "3x400",
    'cluster_autoscaler_node_group_max_count{instance="c",node_group="system"}': "3x400",
    'cluster_autoscaler_node_group_target_count{instance="c",node_group="system"}': "3x400",
}

# Something happens after a minute, and is over a minute later.
DIP: Final = "1x30 0x30 1x310"
RISE: Final = "0x30 1x30 0x310"
ONCE_MORE: Final = "0x30 1x370"
SILENT: Final = "1x30 stale _x29 1x310"


_PROMISE: Final[Mapping[str, Any]] = yaml.safe_load((NATIVE / "promise.yml").read_text())


@dataclass(frozen=True)
class Happening:
    """`series`: what differs from all being well, by the beginning of the series' text. Seconds until it is noticed."""

    alert: str
    series: Mapping[str, str]
    noticed: int = 20
    silent: int = 180

    @property
    def silent_after(self) -> int:
        return int(_PROMISE["restart_falls_silent_within"]) if self.alert in _PROMISE["restarts"] else self.silent

    def __str__(self) -> str:
        return self.alert


LOSSES: Final = 'patchbay_worker_store_losses_total{{job="workers",instance="w",shape="map",store="{}"'

HAPPENINGS: Final = (
    Happening("ScalingMetricLost", {"patchbay_horizon_": "3x30 stale _x29 3x310"}),
    Happening("ShapeAtItsMaximum", {"patchbay_horizon_length": "0x30 90x170 0x200"}, noticed=330, silent=400),
    Happening("ProcessesWaitLong", {"patchbay_horizon_wait_seconds": "1x30 90x60 1x310"}, noticed=90, silent=200),
    Happening("KedaDown", {'up{job="keda"': DIP}),
    Happening("KedaCannotRead", {"keda_scaled_object_errors": ONCE_MORE}),
    Happening("ScaleInOrderDown", {'up{job="scale-in-order"': DIP}, noticed=40),
    Happening(
        "NodeNotReady",
        {'up{job="workers"': DIP, "patchbay_process_info": SILENT, "patchbay_worker_": "0x30 stale _x29 0x310"},
    ),
    Happening("NodeNotReady", {'cluster_autoscaler_nodes_count{instance="c",state="unready"': RISE}),
    Happening("NodeDrained", {"patchbay_process_info": "1x30 stale", 'up{job="workers"': "1x30 stale"}),
    Happening("NodeClockOff", {"patchbay_node_clock_seconds": "0+2x30 360+2x30 122+2x310"}),
    Happening("NodeClockOff", {"patchbay_node_clock_seconds": "0+2x30 -240+2x30 122+2x310"}),
    Happening("NodeDiskFull", {"patchbay_node_disk_free_ratio": "0.6x30 0.1x30 0.6x310"}),
    Happening("PodsWaitForNode", {"cluster_autoscaler_unschedulable_pods_count": RISE}),
    Happening(
        "PodsWaitLong", {"cluster_autoscaler_unschedulable_pods_count": "0x30 1x310 0x60"}, noticed=610, silent=640
    ),
    Happening(
        "NodeGroupFull",
        {
            'cluster_autoscaler_node_group_target_count{instance="c",node_group="flows"': "2x30 6x30 2x310",
            "cluster_autoscaler_unschedulable_pods_count": RISE,
        },
    ),
    Happening("ScaleUpFailed", {'cluster_autoscaler_failed_scale_ups_total{reason="timeout"}': "_x30 1x370"}),
    Happening("ScaleUpFailed", {'cluster_autoscaler_failed_scale_ups_total{reason="timeout"}': ONCE_MORE}),
    Happening("ClusterAutoscalerDown", {'up{job="cluster-autoscaler"': DIP}),
    Happening("ClusterAutoscalerDown", {'up{job="cluster-autoscaler"': SILENT}),
    Happening("ClusterAutoscalerFails", {'cluster_autoscaler_errors_total{type="cloudProviderError"}': "_x30 1x370"}),
    Happening("ClusterAutoscalerStalled", {"cluster_autoscaler_last_activity": "0+2x30 60x60 180+2x310"}, noticed=70),
    Happening("ContainerRestarted", {'process_start_time_seconds{job="workers"': "5x30 65x370"}),
    Happening("ShapeLostItsWorkers", {'process_start_time_seconds{job="workers"': "5x30 65x370"}),
    Happening(
        "ShapeLostItsWorkers",
        {
            'process_start_time_seconds{job="workers"': "5x30 65x370",
            # One that the backlog brought, and that leaves again.
            'process_start_time_seconds{job="workers",instance="n",shape="map"}': "_x31 66x60 stale",
            'patchbay_process_info{job="workers",instance="n",node="node-a",release="one"}': "_x31 1x60 stale",
            'patchbay_worker_stopping{job="workers",instance="n",shape="map"}': "_x31 0x60 stale",
        },
    ),
    Happening("ShapeWithoutWorkers", {"patchbay_process_info": SILENT}),
    Happening("ShapeScaledIn", {"patchbay_worker_stopping": RISE}),
    Happening(
        "RolloutInProgress",
        {
            'patchbay_process_info{job="workers",instance="n",node="node-a",release="two"}': "_x30 1x30 stale",
            'patchbay_worker_stopping{job="workers",instance="n",shape="map"}': "_x30 0x30 stale",
        },
    ),
    Happening(
        "RolloutStuck",
        {
            'patchbay_process_info{job="workers",instance="n",node="node-a",release="two"}': "_x30 1x470 stale",
            'patchbay_worker_stopping{job="workers",instance="n",shape="map"}': "_x30 0x470 stale",
            # The others go on for as long.
            'patchbay_process_info{job="workers",instance="w"': "1x600",
            'patchbay_worker_stopping{job="workers",instance="w"': "0x600",
        },
        noticed=920,
        silent=960,
    ),
    Happening("ProcessDeadLettered", {"patchbay_worker_dead_letters_total": ONCE_MORE}),
    Happening(
        "ProcessDeadLettered",
        {'patchbay_worker_dead_letters_total{job="workers",instance="n",shape="map"}': "_x30 1x370"},
    ),
    Happening("RedisDown", {"patchbay_worker_redis_up": DIP}),
    Happening("RedisRestarted", {LOSSES.format("redis"): ONCE_MORE}),
    Happening("MariadbDown", {"patchbay_worker_database_up": DIP}),
    Happening("MariadbRestarted", {LOSSES.format("mariadb"): ONCE_MORE}),
    Happening("TargetDown", {'up{job="api"': DIP}, noticed=40),
    Happening("GatewayPodDown", {'up{job="gateway"': DIP}),
    Happening("GatewayPodDown", {"haproxy_process_start_time_seconds": "-60x30 61x370"}),
    Happening("NoGateway", {'up{job="gateway"': SILENT}),
    Happening("NoApi", {'up{job="api"': SILENT}),
    Happening("JsonExporterDown", {'up{job="json-exporter"': DIP}),
    Happening("ApiServerUnreachable", {'up{job="kubernetes"': DIP}),
    Happening("PrometheusRestarted", {'process_start_time_seconds{job="prometheus"': "-600x30 60x370"}),
)


def changed(happening: Happening) -> list[dict[str, str]]:
    """All series; those that the happening names by their beginning differ, and others come in addition."""
    series = dict(WELL)
    for beginning, values in happening.series.items():
        named = [name for name in series if name.startswith(beginning)]
        assert named or beginning.endswith("}"), beginning
        series |= dict.fromkeys(named or [beginning], values)
    return [{"series": name, "values": values} for name, values in series.items()]


def firing(alert: str, seconds: int, *, fires: bool) -> dict[str, Any]:
    expected = [{"labels": "{}", "value": 1}] if fires else []
    return {
        "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) > bool 0',
        "eval_time": f"{seconds}s",
        "exp_samples": expected,
    }


@pytest.mark.parametrize("happening", HAPPENINGS, ids=str)
def test_the_alert_fires_when_it_happens_and_falls_silent_after(tmp_path: Path, happening: Happening) -> None:
    test = {
        "input_series": changed(happening),
        "promql_expr_test": [
            firing(happening.alert, 58, fires=False),
            firing(happening.alert, 60 + happening.noticed, fires=True),
            firing(happening.alert, 60 + happening.silent_after, fires=False),
        ],
    }
    check(tmp_path, [test])


def rules() -> Iterable[dict[str, Any]]:
    for name in RULE_FILES:
        for group in yaml.safe_load((NATIVE / name).read_text())["groups"]:
            yield from group["rules"]


def test_nothing_fires_while_all_is_well(tmp_path: Path) -> None:
    quiet = {"expr": 'ALERTS{alertstate="firing"}', "eval_time": "10m", "exp_samples": []}
    check(tmp_path, [{"input_series": changed(Happening("", {})), "promql_expr_test": [quiet]}])


def test_every_alert_is_tried() -> None:
    assert {rule["alert"] for rule in rules() if "alert" in rule} == {one.alert for one in HAPPENINGS}


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    for rule in rules():
        if "alert" in rule:
            assert rule["labels"]["severity"] in {"critical", "warning", "info"}, rule["alert"]
            assert rule["annotations"].keys() == {"summary", "remedy"}, rule["alert"]


def test_one_silent_worker_of_a_living_node_is_no_lost_node(tmp_path: Path) -> None:
    other = {
        'patchbay_process_info{job="workers",instance="n",node="node-a",release="one"}': "1x30 stale",
        'up{job="workers",instance="n"}': "1x30 0x370",
    }
    check(
        tmp_path,
        [
            {
                "input_series": changed(Happening("", other)),
                "promql_expr_test": [firing("NodeNotReady", 90, fires=False)],
            }
        ],
    )


def test_workers_that_leave_because_of_a_roll_out_are_no_scale_in(tmp_path: Path) -> None:
    roll_out = {
        'patchbay_process_info{job="workers",instance="n",node="node-a",release="two"}': "_x30 1x370",
        'patchbay_worker_stopping{job="workers",instance="n",shape="map"}': "_x30 0x370",
        'patchbay_worker_stopping{job="workers",instance="w"': RISE,
    }
    check(
        tmp_path,
        [
            {
                "input_series": changed(Happening("", roll_out)),
                "promql_expr_test": [firing("ShapeScaledIn", 90, fires=False)],
            }
        ],
    )
