"""Pods for processes, computed by Prometheus' own rule tester at the edges."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from patchbay_platform.prometheus.rules import RULE_FILES, desired_pods, thresholds
from patchbay_runtime.catalog import CATALOG, Shape

from tests.pinned_tools import program

NATIVE = Path(__file__).resolve().parents[2] / "platform/patchbay_platform/prometheus/native"
SHAPE = Shape(name="map", description="the shape under test")

EDGES = ((0, 1), (1, 1), (7, 1), (8, 2), (15, 2), (16, 3), (39, 5), (40, 6), (80, 11), (88, 12), (96, 13))


def promtool(*arguments: str | Path) -> None:
    done = subprocess.run([program("promtool"), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def check(tmp_path: Path, tests: Sequence[dict[str, Any]], shapes: Sequence[Shape] = (SHAPE,)) -> None:
    """Runs promtool's tests on the native rules, with the thresholds of `shapes`."""
    (tmp_path / "thresholds.yml").write_text(thresholds(shapes))
    for name in RULE_FILES:
        shutil.copy(NATIVE / name, tmp_path)
    suite = {
        "rule_files": ["thresholds.yml", *RULE_FILES],
        "evaluation_interval": "2s",
        "tests": [{"interval": "2s", **test} for test in tests],
    }
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(suite))
    promtool("test", "rules", tmp_path / "tests.yml")


def series(waiting: str, running: str, shape: str = "map") -> list[dict[str, str]]:
    return [
        {"series": f'patchbay_horizon_length{{instance="e",shape="{shape}"}}', "values": waiting},
        {"series": f'patchbay_horizon_reserved{{instance="e",shape="{shape}"}}', "values": running},
    ]


def expects(expression: str, value: float | None, at: str, labels: str = "") -> dict[str, Any]:
    samples = [] if value is None else [{"labels": labels or "{}", "value": value}]
    return {"expr": expression, "eval_time": at, "exp_samples": samples}


@pytest.mark.parametrize(("processes", "pods"), EDGES)
@pytest.mark.parametrize("running", [0, 1], ids=["all waiting", "some running"])
def test_a_shape_that_reaches_the_threshold_gets_another_pod(
    tmp_path: Path, processes: int, pods: int, running: int
) -> None:
    running = min(running, processes)
    test = {
        "input_series": series(f"{processes - running}x5", f"{running}x5"),
        "promql_expr_test": [
            expects(desired_pods(SHAPE), pods, "10s", desired_pods(SHAPE)),
            expects("patchbay:shape_processes:total", processes, "10s", 'patchbay:shape_processes:total{shape="map"}'),
        ],
    }
    check(tmp_path, [test])


def test_a_shape_s_own_threshold_decides(tmp_path: Path) -> None:
    slow = Shape(name="map", description="one process a pod", threshold=1)
    test = {
        "input_series": series("3x5", "0x5"),
        "promql_expr_test": [
            expects(desired_pods(slow), 4, "10s", desired_pods(slow)),
        ],
    }
    check(tmp_path, [test], [slow])


def test_one_shape_s_processes_give_another_no_pods(tmp_path: Path) -> None:
    test = {
        "input_series": [*series("40x5", "8x5", "split"), *series("0x5", "0x5")],
        "promql_expr_test": [expects(desired_pods(SHAPE), 1, "10s", desired_pods(SHAPE))],
    }
    check(tmp_path, [test])


def test_a_lost_exporter_answers_nothing_rather_than_no_load(tmp_path: Path) -> None:
    test = {
        # Prometheus marks a failed scrape's series as stale.
        "input_series": series("40x3 stale", "8x3 stale"),
        "promql_expr_test": [
            expects(desired_pods(SHAPE), 7, "6s", desired_pods(SHAPE)),
            expects(desired_pods(SHAPE), None, "10s"),
        ],
    }
    check(tmp_path, [test])


def test_a_count_without_the_other_is_no_count(tmp_path: Path) -> None:
    test = {
        "input_series": series("40x5", "0x5")[:1],
        "promql_expr_test": [expects(desired_pods(SHAPE), None, "10s")],
    }
    check(tmp_path, [test])


def alert(name: str, at: str, labels: dict[str, str], annotations: dict[str, str] | None) -> dict[str, Any]:
    fired = [] if annotations is None else [{"exp_labels": labels, "exp_annotations": annotations}]
    return {"eval_time": at, "alertname": name, "exp_alerts": fired}


def annotations_of(name: str) -> dict[str, str]:
    groups = yaml.safe_load((NATIVE / "alerts-scaling.yml").read_text())["groups"]
    (rule,) = [rule for group in groups for rule in group["rules"] if rule["alert"] == name]
    found: dict[str, str] = rule["annotations"]
    return found


def test_lost_counts_raise_the_alarm_within_20_seconds(tmp_path: Path) -> None:
    test = {
        "input_series": series("4x3 stale", "0x3 stale"),
        "alert_rule_test": [
            alert("ScalingMetricLost", "6s", {}, None),
            alert("ScalingMetricLost", "26s", {"severity": "critical"}, annotations_of("ScalingMetricLost")),
        ],
    }
    check(tmp_path, [test])


def test_a_shape_that_needs_more_than_its_maximum_raises_the_alarm(tmp_path: Path) -> None:
    full = Shape(name="map", description="the shape under test", max_pods=2)
    wanted = annotations_of("ShapeAtItsMaximum")
    wanted["summary"] = "map needs 3 pods, more than its maximum."
    test = {
        "input_series": series("16x200", "0x200"),
        "alert_rule_test": [
            alert("ShapeAtItsMaximum", "4m", {}, None),
            alert("ShapeAtItsMaximum", "6m", {"severity": "warning", "shape": "map"}, wanted),
        ],
    }
    check(tmp_path, [test], [full])


def test_the_configuration_with_the_catalogue_s_rules_is_one_that_prometheus_takes(tmp_path: Path) -> None:
    (tmp_path / "thresholds.yml").write_text(thresholds(list(CATALOG.values())))
    for file in NATIVE.iterdir():
        text = file.read_text().replace("/etc/prometheus/", f"{tmp_path}/")
        (tmp_path / file.name).write_text(text)
    promtool("check", "config", tmp_path / "prometheus.yml")


def test_the_counts_are_scraped_at_least_every_five_seconds() -> None:
    config = yaml.safe_load((NATIVE / "prometheus.yml").read_text())
    (job,) = [job for job in config["scrape_configs"] if job["job_name"] == "horizon"]
    assert job["scrape_interval"] == "2s"
    assert job["params"]["target"] == ["http://api.patchbay-runtime:8000/horizon/api/workload"]
