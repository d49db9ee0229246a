"""The whole command against a small environment: real Locust and sink, and a platform that keeps the promise or not."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from patchbay_loadtests.core.objectives import SLO
from patchbay_loadtests.proof.promise import Promise

from tests.loadtests import quick_command
from tests.loadtests.small_environment import SmallEnvironment, delayed, small_environment
from tests.waiting import until

PROMISE = (
    "--max-pods=10",
    "--scrape-seconds=0.1",
    "--evaluation-seconds=0.1",
    "--hpa-sync-seconds=0.5",
    "--scale-down-seconds=4",
)


def promised(processes: int) -> int:
    return Promise(max_pods=10).pods(processes)


def command(environment: SmallEnvironment, kubeconfig: Path, reports: Path, *options: str) -> list[str]:
    objectives = yaml.safe_load(SLO.read_text())
    # What is quick here says nothing.
    objectives["scaling"] = dict.fromkeys(objectives["scaling"], 600)
    slo = reports.with_name("slo.yaml")
    slo.write_text(yaml.safe_dump(objectives))
    program = [sys.executable, "-m", quick_command.__name__, "prove", f"--host={environment.url}"]
    return [*program, f"--kubeconfig={kubeconfig}", f"--report={reports}", f"--slo={slo}", *PROMISE, *options]


def prove(
    environment: SmallEnvironment, kubeconfig: Path, reports: Path, *options: str
) -> tuple[subprocess.CompletedProcess[str], dict[str, Any] | None]:
    line = command(environment, kubeconfig, reports, *options)
    proof = subprocess.run(line, capture_output=True, text=True, check=False)
    result = reports / "latest" / "result.json"
    return proof, json.loads(result.read_text()) if result.exists() else None


TOKEN = f"pbk_{'0' * 24}_{'a' * 43}"


@dataclass(frozen=True)
class Proven:
    """A proof of a platform that keeps the promise and asks for keys; the environment as it was left."""

    environment: SmallEnvironment
    reports: Path
    proof: subprocess.CompletedProcess[str]
    result: dict[str, Any]


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> Proven:
    directory = tmp_path_factory.mktemp("proven")
    token = directory / "token"
    token.write_text(f"{TOKEN}\n")
    reports = directory / "reports"
    with small_environment(delayed(promised, 0.5), directory) as (environment, kubeconfig):
        environment.access.token = TOKEN
        proof, result = prove(environment, kubeconfig, reports, "--repeat=1", f"--token-file={token}")
    assert proof.returncode == 0, proof.stdout + proof.stderr
    assert result is not None
    return Proven(environment, reports, proof, result)


def test_a_platform_that_keeps_the_promise_is_proven_and_left_clean(proven: Proven) -> None:
    environment, result = proven.environment, proven.result
    steps = [(step["processes"], step["reached_pods"]) for step in result["steps"]]
    assert steps == [(7, 1), (8, 2), (16, 3), (40, 6), (0, 1)]
    assert result["runs"]["accepted"] == result["runs"]["completed"] == len(environment.runs)
    assert not environment.sink_is_there
    assert environment.processes == 0


def test_a_proof_shows_its_keys_and_never_prints_them(proven: Proven) -> None:
    endpoints = {endpoint["name"]: endpoint for endpoint in proven.result["endpoints"]}
    hook = endpoints["POST /hooks/loadtest/loadtest-orders"]
    assert (hook["requests"], hook["failures"]) == (len(proven.environment.runs), 0)
    assert endpoints["GET /horizon/api/workload"]["requests"] > 10
    written = [path.read_bytes() for path in proven.reports.rglob("*") if path.is_file()]
    said = (proven.proof.stdout.encode(), proven.proof.stderr.encode())
    secrets = [TOKEN, *proven.environment.access.secrets.values()]
    assert not any(secret.encode() in text for text in [*written, *said] for secret in secrets)
    assert not any(b"pbk_" in text for text in [*written, *said])


def test_a_proof_works_with_a_key_of_its_tenant_for_a_day_and_revokes_it(proven: Proven) -> None:
    access = proven.environment.access
    assert access.made == [{"name": "loadtest", "role": "developer", "days": 1}]
    assert access.keys == {}
    assert {path.rpartition("/")[2] for _, path in access.asked} == {"flows", "runs"}


def test_the_key_that_the_cluster_made_first_is_found_by_the_kubeconfig(tmp_path: Path) -> None:
    with small_environment(delayed(promised, 0.5), tmp_path) as (environment, kubeconfig):
        environment.access.token = TOKEN
        proof, _ = prove(environment, kubeconfig, tmp_path / "reports", "--short", "--key-from-cluster")
        assert proof.returncode == 0, proof.stdout + proof.stderr
        environment.access.token = ""
        proof, _ = prove(environment, kubeconfig, tmp_path / "reports", "--short", "--key-from-cluster")
    assert proof.returncode == 2
    assert "Secret patchbay-runtime/administrator: no key under `key`" in proof.stdout
    assert TOKEN not in proof.stdout


def test_a_platform_that_lets_the_threshold_pass_is_refused(tmp_path: Path) -> None:
    with small_environment(lambda processes: promised(max(0, processes - 1)), tmp_path) as (environment, kubeconfig):
        proof, result = prove(environment, kubeconfig, tmp_path / "reports", "--short", "--pod-start-seconds=1")
    assert proof.returncode == 1, proof.stdout + proof.stderr
    assert result is not None
    assert [step["passed"] for step in result["steps"]] == [True, False, True]
    assert "1 pods were desired at 8 processes, not 2" in proof.stdout


def test_a_platform_that_repeats_deliveries_is_refused(tmp_path: Path) -> None:
    with small_environment(promised, tmp_path) as (environment, kubeconfig):
        environment.deliver_twice = True
        options = ("--steps=8,0", "--pod-start-seconds=1")
        proof, _ = prove(environment, kubeconfig, tmp_path / "reports", *options)
    assert proof.returncode == 1, proof.stdout + proof.stderr
    assert "received more than once by the sink" in proof.stdout


def test_orders_that_are_refused_end_in_a_report_and_a_failure(tmp_path: Path) -> None:
    with small_environment(promised, tmp_path) as (environment, kubeconfig):
        environment.refuses = (403, 4)
        proof, result = prove(environment, kubeconfig, tmp_path / "reports", "--short")
    assert proof.returncode == 1, proof.stdout + proof.stderr
    assert result is not None
    assert any("403" in reason for reason in result["reasons"])


def test_a_shape_whose_maximum_is_lowered_is_refused_and_the_difference_named(tmp_path: Path) -> None:
    with small_environment(lambda _: 1, tmp_path) as (environment, kubeconfig):
        environment.max_pods = 1
        junit = tmp_path / "out" / "junit.xml"
        options = ("--steps=8,0", "--pod-start-seconds=1", f"--junit={junit}")
        proof, result = prove(environment, kubeconfig, tmp_path / "reports", *options)
    assert proof.returncode == 1, proof.stdout + proof.stderr
    assert result is not None
    assert "deployed maxReplicaCount is 1, promised 10 (--max-pods)" in result["reasons"]
    cases = ElementTree.parse(junit).iter("testcase")  # noqa: S314 - our own
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    # There was no second pod to hold to its objective.
    assert failed == ["deployed as promised", "1. 8 processes, 2 pods", "objectives"]


@contextmanager
def proof_in_its_first_step(
    environment: SmallEnvironment, kubeconfig: Path, reports: Path
) -> Iterator[subprocess.Popen[str]]:
    # A shell starts what runs in its background with SIGINT ignored, and that is inherited.
    line = ["env", "--default-signal=INT", *command(environment, kubeconfig, reports, "--short")]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as proof:
        until(lambda: environment.processes == 7 or proof.poll() is not None, within=240)
        assert proof.poll() is None
        yield proof


def test_an_interrupted_proof_takes_its_sink_away(tmp_path: Path) -> None:
    with small_environment(promised, tmp_path) as (environment, kubeconfig):
        with proof_in_its_first_step(environment, kubeconfig, tmp_path / "reports") as proof:
            proof.send_signal(signal.SIGINT)
            output, _ = proof.communicate(timeout=120)
        assert proof.returncode == 130, output
        assert not environment.sink_is_there
    assert not (tmp_path / "reports" / "latest").exists()


def test_a_proof_that_was_killed_does_not_hinder_the_next(tmp_path: Path) -> None:
    with small_environment(promised, tmp_path) as (environment, kubeconfig):
        with proof_in_its_first_step(environment, kubeconfig, tmp_path / "reports") as killed:
            killed.kill()
        assert environment.sink_is_there
        # What is left of the lease would keep the next proof waiting for most of 20 s.
        environment.sink.ledger.set_gate(is_open=False, lease_seconds=60)
        line = command(environment, kubeconfig, tmp_path / "reports", "--steps=8,0", "--idle-shape=none")
        looks = environment.looks_at_sink
        with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as proof:
            until(lambda: environment.looks_at_sink >= looks + 2, "the sink is waited for", within=60)
            assert environment.processes == 7
            environment.sink.ledger.set_gate(is_open=False, lease_seconds=0)
            output, _ = proof.communicate(timeout=120)
    assert proof.returncode == 0, output
    assert "an earlier load test left its sink" in output
    assert json.loads((tmp_path / "reports" / "latest" / "result.json").read_text())["passed"]


def test_an_environment_that_goes_away_is_no_verdict(tmp_path: Path) -> None:
    with small_environment(promised, tmp_path) as (environment, kubeconfig):
        with proof_in_its_first_step(environment, kubeconfig, tmp_path / "reports") as proof:
            environment.away = True
            output, _ = proof.communicate(timeout=120)
        assert proof.returncode == 2, output
    assert "the environment cannot be tested" in output
    assert "Traceback" not in output


def test_an_environment_that_does_not_answer_is_no_verdict(tmp_path: Path) -> None:
    with small_environment(promised, tmp_path) as (environment, kubeconfig):
        pass
    proof, result = prove(environment, kubeconfig, tmp_path / "reports")
    assert proof.returncode == 2, proof.stdout + proof.stderr
    assert "the environment cannot be tested" in proof.stdout
    assert result is None
