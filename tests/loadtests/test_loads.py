"""`load` and `compare` as commands, against a small environment: real Locust and sink, a cluster that keeps up."""

import asyncio
import io
import json
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from patchbay_loadtests.comparison.run import ComparisonOptions, make_comparison
from patchbay_loadtests.profiles.run import LoadOptions, load
from patchbay_loadtests.proof.promise import Promise
from rich.console import Console

from tests.loadtests import quick_command
from tests.loadtests.patient_objectives import patient_objectives
from tests.loadtests.small_environment import Rule, delayed, serving
from tests.loadtests.small_keda import CountingKeda
from tests.loadtests.small_scaling import SLOTS, SmallScaling, found
from tests.loadtests.until_scaled import SCALED_SECONDS


def promised(processes: int) -> int:
    return Promise(max_pods=10).pods(processes)


class SeenScaling(SmallScaling):
    """No process ends before a look has found the second pod of its load, with its slots: it cannot be missed."""

    def __init__(self, ours: Rule, usual: Rule, *, hold_seconds: float) -> None:
        super().__init__(ours, usual, hold_seconds=hold_seconds)
        self._seen = {"pods": threading.Event(), "slots": threading.Event()}

    def handle(self, command: str, path: str, document: Any) -> tuple[int, Any] | None:
        if command == "PATCH" and path.endswith("/deployments/sink"):
            for seen in self._seen.values():
                seen.clear()
        answer = super().handle(command, path, document)
        if answer is not None and path.startswith("/horizon/") and answer[1][0]["processes"] > SLOTS:
            self._seen["slots"].set()
        return answer

    def document(self, path: str) -> Any:
        answer = super().document(path)
        if path.endswith("/deployments") and any(item["status"]["readyReplicas"] > 1 for item in answer["items"]):
            self._seen["pods"].set()
        return answer

    def before_an_end(self) -> None:
        for seen in self._seen.values():
            seen.wait(SCALED_SECONDS)


class FailingHorizon(CountingKeda, SmallScaling):
    """Answers nobody who asks for the processes as soon as it has taken five orders."""

    def handle(self, command: str, path: str, document: Any) -> tuple[int, Any] | None:
        if path.startswith("/horizon/") and len(self.runs) >= 5:
            return 500, {"error": "out of memory"}
        return super().handle(command, path, document)


def send(environment: SmallScaling, directory: Path, verb: str, *options: str) -> tuple[int, str, dict[str, Any]]:
    with serving(environment, directory) as kubeconfig:
        line = [sys.executable, "-m", quick_command.__name__, verb, f"--host={environment.url}", "--settle-seconds=60"]
        line += [f"--kubeconfig={kubeconfig}", f"--report={directory / 'reports'}", *options]
        sent = subprocess.run(line, capture_output=True, text=True, check=False)
    result = directory / "reports" / "latest" / "result.json"
    return sent.returncode, sent.stdout + sent.stderr, json.loads(result.read_text()) if result.exists() else {}


def test_the_same_load_is_sent_in_pairs_and_the_shape_is_left_as_it_was(tmp_path: Path) -> None:
    # The usual pods come so much later that this machine's own delays do not matter.
    environment = SeenScaling(promised, delayed(promised, 3), hold_seconds=0.6)
    options = ("--minutes=0.02", "--rate=20", "--hold-seconds=0.6", "--long-seconds=0.6", "--hpa-sync-seconds=10")
    code, output, result = send(environment, tmp_path, "compare", *options)
    assert code == 0, output
    assert result["needed_processes"] == 12
    ours, usual = "this platform", "the tools' defaults"
    assert [side["name"] for side in result["sides"]] == [ours, usual, usual, ours, ours, usual]
    own, other = result["summaries"]
    assert own["waits_p95"]["median"] < other["waits_p95"]["median"]
    assert own["time_to_capacity"]["n"] == other["time_to_capacity"]["n"] == 3
    assert {side["work_killed"] for side in result["sides"]} == {0}
    assert len({side["orders"] for side in result["sides"]}) == 1
    assert all(side["orders"] == side["runs"]["completed"] for side in result["sides"])
    assert result["config"]["measured_hpa_sync_seconds"] == "not measured, not measured, not measured"
    assert result["shortened"] == ["orders came for 0.02 minutes each time, not for 3"]
    assert environment.thresholds == {"1", "8"}
    for path, document in found().items():
        left = environment.objects[path]
        assert left["spec"] == document["spec"]
        assert not left["metadata"].get("annotations")
    assert not environment.sink_is_there


def test_a_black_friday_is_sent_in_the_minutes_that_there_are(tmp_path: Path) -> None:
    environment = SmallScaling(promised, promised, hold_seconds=0.5)
    options = (
        "--profile=black-friday",
        "--minutes=0.1",
        "--rate=0.5",
        "--hold-seconds=0.5",
        "--scale-down-seconds=121",
        f"--slo={patient_objectives('black-friday', tmp_path)}",
    )
    code, output, result = send(environment, tmp_path, "load", *options)
    assert code == 0, output
    assert result["peak_orders_per_second"] >= 5
    (endpoint,) = [found for found in result["endpoints"] if found["name"].startswith("POST")]
    assert endpoint["requests"] >= result["orders"] == result["accepted"]["n"] == result["late"]["n"]
    assert result["orders"] == result["runs"]["completed"] == len(environment.runs)
    assert result["config"]["scale_down_seconds"] == 121
    assert result["shortened"] == ["orders came for 0.1 minutes, not for the profile's 3.7"]
    assert "shortened: orders came for 0.1 minutes" in output


def test_a_gateway_that_answers_500_under_load_ends_in_a_report_that_begins_with_it(tmp_path: Path) -> None:
    environment = FailingHorizon(promised, promised, hold_seconds=0.5)
    output = io.StringIO()
    with serving(environment, tmp_path) as kubeconfig:
        options = LoadOptions.model_validate(
            {
                "host": environment.url, "kubeconfig": kubeconfig, "reports": tmp_path / "reports",
                "profile": {"name": "steady", "rate": 5}, "minutes": 1, "blind_seconds": 0.5, "look_seconds": 0.2,
            }
        )  # fmt: skip
        result, directory = asyncio.run(asyncio.wait_for(load(options, Console(file=output, soft_wrap=True)), 100))
    assert not result.passed
    assert "500" in result.reasons[0]
    assert "out of memory" in result.reasons[0]
    assert result.orders == result.runs.accepted == result.runs.completed < 100
    assert (directory / "report.html").exists()
    assert "the load cannot go on: gateway, GET /horizon/api/workload: 500" in output.getvalue()


def test_a_gateway_that_answers_500_ends_a_comparison_with_a_report_that_fails_the_platform(tmp_path: Path) -> None:
    environment = FailingHorizon(promised, promised, hold_seconds=0.5)
    with serving(environment, tmp_path) as kubeconfig:
        options = ComparisonOptions.model_validate(
            {
                "host": environment.url, "kubeconfig": kubeconfig, "reports": tmp_path / "reports", "rate": 5,
                "hold_seconds": 0.5, "long_seconds": 0.5, "blind_seconds": 0.5, "look_seconds": 0.2,
            }
        )  # fmt: skip
        comparing = make_comparison(options, Console(file=io.StringIO()))
        result, directory = asyncio.run(asyncio.wait_for(comparing, 100))
    assert result.verdict == "failed"
    assert len(result.sides) == 1
    assert environment.hpa_seconds / 2 < float(result.config["measured_hpa_sync_seconds"]) < environment.hpa_seconds * 2
    told = r"no verdict: this platform, pair 1: the HPAs look every \d\.\d s, not every 15 s"
    assert re.search(told, " ".join(result.reasons))
    assert "the load ended early: gateway, GET /horizon/api/workload: 500" in result.reasons[0]
    assert (directory / "report.html").exists()
