"""The whole command against a small environment: real Locust and sink, and a platform that keeps the promise or not."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from patchbay_loadtests.proof.timeline import expected_pods

from tests.loadtests.small_environment import SmallEnvironment, delayed, small_environment


def promised(processes: int) -> int:
    return expected_pods(processes, threshold=8, max_pods=10)


def command(environment: SmallEnvironment, kubeconfig: Path, reports: Path, *options: str) -> list[str]:
    program = [sys.executable, "-m", "patchbay_loadtests", "prove", f"--host={environment.url}"]
    return [*program, f"--kubeconfig={kubeconfig}", f"--report={reports}", "--hpa-sync-seconds=0.5", *options]


def prove(
    environment: SmallEnvironment, kubeconfig: Path, reports: Path, *options: str
) -> tuple[subprocess.CompletedProcess[str], dict[str, Any] | None]:
    line = command(environment, kubeconfig, reports, *options)
    proof = subprocess.run(line, capture_output=True, text=True, check=False)
    result = reports / "latest" / "result.json"
    return proof, json.loads(result.read_text()) if result.exists() else None


def test_a_platform_that_keeps_the_promise_is_proven_and_left_clean(tmp_path: Path) -> None:
    with small_environment(delayed(promised, 0.5), tmp_path) as (environment, kubeconfig):
        proof, result = prove(environment, kubeconfig, tmp_path / "reports", "--repeat=1")
        assert proof.returncode == 0, proof.stdout + proof.stderr
        assert result is not None
        steps = [(step["processes"], step["reached_pods"]) for step in result["steps"]]
        assert steps == [(7, 1), (8, 2), (16, 3), (40, 6), (0, 1)]
        assert result["runs"]["accepted"] == result["runs"]["completed"] == len(environment.runs)
        assert not environment.sink_is_there
        assert environment.processes == 0


def test_a_platform_that_lets_the_threshold_pass_is_refused(tmp_path: Path) -> None:
    with small_environment(lambda processes: promised(max(0, processes - 1)), tmp_path) as (environment, kubeconfig):
        proof, result = prove(environment, kubeconfig, tmp_path / "reports", "--short", "--pod-start-seconds=2")
    assert proof.returncode == 1, proof.stdout + proof.stderr
    assert result is not None
    assert [step["passed"] for step in result["steps"]] == [True, False, True]
    assert "1 pods were desired at 8 processes, not 2" in proof.stdout


@pytest.mark.parametrize(("fault", "said"), [("lose", "lost at the sink"), ("deliver_twice", "more than once")])
def test_a_platform_that_loses_or_repeats_deliveries_is_refused(tmp_path: Path, fault: str, said: str) -> None:
    with small_environment(promised, tmp_path) as (environment, kubeconfig):
        setattr(environment, fault, True)
        proof, _ = prove(environment, kubeconfig, tmp_path / "reports", "--short", "--pod-start-seconds=1")
    assert proof.returncode == 1, proof.stdout + proof.stderr
    assert said in proof.stdout


def interrupt(environment: SmallEnvironment, kubeconfig: Path, reports: Path, signal_number: int) -> int:
    """Stop a proof in the middle of its first step; its exit code."""
    line = command(environment, kubeconfig, reports, "--short")
    with subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as proof:
        give_up = time.monotonic() + 60
        while environment.processes != 7:
            assert proof.poll() is None
            assert time.monotonic() < give_up
            time.sleep(0.05)
        proof.send_signal(signal_number)
        return proof.wait(timeout=60)


def test_an_interrupted_proof_takes_its_sink_away(tmp_path: Path) -> None:
    with small_environment(promised, tmp_path) as (environment, kubeconfig):
        assert interrupt(environment, kubeconfig, tmp_path / "reports", signal.SIGINT) == 130
        assert not environment.sink_is_there
    assert not (tmp_path / "reports" / "latest").exists()


def test_a_proof_that_was_killed_does_not_hinder_the_next(tmp_path: Path) -> None:
    with small_environment(promised, tmp_path) as (environment, kubeconfig):
        assert interrupt(environment, kubeconfig, tmp_path / "reports", signal.SIGKILL) == -signal.SIGKILL
        assert environment.sink_is_there
        proof, result = prove(environment, kubeconfig, tmp_path / "reports", "--short")
    assert proof.returncode == 0, proof.stdout + proof.stderr
    assert "an earlier load test left its sink" in proof.stdout
    assert result is not None
    assert result["passed"]


def test_an_environment_that_does_not_answer_is_no_verdict(tmp_path: Path) -> None:
    with small_environment(promised, tmp_path) as (environment, kubeconfig):
        pass
    proof, result = prove(environment, kubeconfig, tmp_path / "reports")
    assert proof.returncode == 2, proof.stdout + proof.stderr
    assert "the environment cannot be tested" in proof.stdout
    assert result is None
