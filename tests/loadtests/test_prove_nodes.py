"""The whole command against a small environment with nodes: real Locust and sink, a cluster that keeps up or not."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from patchbay_loadtests.proof.promise import Promise

from tests.loadtests import quick_command
from tests.loadtests.small_environment import serving
from tests.loadtests.small_keda import CountingKeda
from tests.loadtests.small_nodes import MOST_WORKERS, SmallNodes
from tests.waiting import until


def promised(processes: int) -> int:
    return Promise(max_pods=10).pods(processes)


class SlowHpas(CountingKeda, SmallNodes):
    """KEDA is asked every 1.5 s."""

    hpa_seconds = 1.5


def command(environment: SmallNodes, kubeconfig: Path, reports: Path, *options: str) -> list[str]:
    program = [sys.executable, "-m", quick_command.__name__, "prove-nodes", f"--host={environment.url}"]
    return [
        *program,
        f"--kubeconfig={kubeconfig}",
        f"--report={reports}",
        "--hpa-sync-seconds=0.5",
        "--max-pods=10",
        *options,
    ]


def prove(environment: SmallNodes, directory: Path, *options: str) -> tuple[int, str, dict[str, Any]]:
    with serving(environment, directory) as kubeconfig:
        line = command(environment, kubeconfig, directory / "reports", *options)
        proof = subprocess.run(line, capture_output=True, text=True, check=False)
    result = directory / "reports" / "latest" / "result.json"
    output = proof.stdout + proof.stderr
    return proof.returncode, output, json.loads(result.read_text()) if result.exists() else {}


def test_a_cluster_that_adds_nodes_and_keeps_headroom_is_proven_and_left_as_it_was(tmp_path: Path) -> None:
    environment = SmallNodes(promised)
    code, output, result = prove(environment, tmp_path, "--without-headroom")
    assert code == 0, output
    assert [phase["name"] for phase in result["phases"]] == [
        "warm", "within-headroom", "beyond-headroom", "without-headroom",
    ]  # fmt: skip
    assert result["runs"]["accepted"] == result["runs"]["completed"] == len(environment.runs)
    assert result["config"]["measured_hpa_sync_seconds"] == "not measured"
    assert environment.placeholders == 2
    assert environment.grew == [1, MOST_WORKERS] * 4
    assert not environment.sink_is_there


def test_a_phase_that_the_cluster_has_no_headroom_for_is_left_out_and_told_with_the_reason(tmp_path: Path) -> None:
    environment = SmallNodes(promised, placeholders=0)
    code, output, result = prove(environment, tmp_path, "--phase=within-headroom", "--without-headroom")
    assert code == 0, output
    assert "phase within-headroom is left out: there is no headroom" in output
    assert [phase["name"] for phase in result["phases"]] == ["without-headroom"]
    assert result["config"]["left_out"] == {"within-headroom": "there is no headroom"}


def test_a_cluster_whose_workers_do_not_push_placeholders_out_is_refused(tmp_path: Path) -> None:
    code, output, result = prove(
        SmallNodes(promised, preempts=False), tmp_path, "--phase=within-headroom", "--node-start-seconds=15"
    )
    assert code == 1, output
    assert "within-headroom: no placeholder was pushed out" in result["reasons"]


def test_a_cluster_whose_hpas_look_less_often_than_is_claimed_is_told_so(tmp_path: Path) -> None:
    code, output, result = prove(SlowHpas(promised), tmp_path, "--phase=within-headroom")
    assert code == 1, output
    (reason,) = result["reasons"]
    assert re.fullmatch(r"the HPAs look every \d\.\d s, not every 0\.5 s \(--hpa-sync-seconds\)", reason)
    assert float(result["config"]["measured_hpa_sync_seconds"]) == pytest.approx(SlowHpas.hpa_seconds, rel=0.3)


def test_a_cluster_without_an_autoscaler_cannot_be_tested_and_says_what_to_set(tmp_path: Path) -> None:
    code, output, _ = prove(SmallNodes(promised, autoscales=False), tmp_path)
    assert code == 2, output
    assert "clusterAutoscaler" in output


def test_an_interrupted_proof_gives_the_headroom_back(tmp_path: Path) -> None:
    environment = SmallNodes(promised)
    with serving(environment, tmp_path) as kubeconfig:
        line = ["env", "--default-signal=INT"]
        line += command(environment, kubeconfig, tmp_path / "reports", "--phase=without-headroom")
        with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as proof:
            until(lambda: environment.placeholders == 0 or proof.poll() is not None, within=240)
            assert proof.poll() is None
            proof.send_signal(signal.SIGINT)
            output, _ = proof.communicate(timeout=60)
        assert proof.returncode == 130, output
        assert environment.placeholders == 2
        assert environment.most == MOST_WORKERS
        assert not environment.sink_is_there
