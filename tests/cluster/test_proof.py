"""The promise itself, in its short form: 7 processes scale nothing, 8 do, and none gives it back."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from patchbay_loadtests.core.objectives import SLO
from patchbay_local.kubernetes.cluster.spec import ClusterSpec
from patchbay_local.machine import addresses, paths


@pytest.mark.timeout(600)
def test_the_scaling_proof_holds_on_this_machine(tmp_path: Path) -> None:
    # How soon an order is accepted while something else has the processors says nothing of the scaling.
    objectives = yaml.safe_load(SLO.read_text())
    objectives["scaling"]["accepted_p95_seconds"] = 60
    slo = tmp_path / "slo.yaml"
    slo.write_text(yaml.safe_dump(objectives))
    command = [
        sys.executable,
        "-m",
        "patchbay_loadtests",
        "prove",
        "--short",
        f"--host=http://127.0.0.1:{addresses.EDGE_PORT}",
        f"--kubeconfig={paths.KUBECONFIG}",
        f"--token-file={paths.ADMINISTRATOR_KEY}",
        f"--report={tmp_path}",
        f"--slo={slo}",
        f"--hpa-sync-seconds={ClusterSpec().hpa_sync_seconds}",
    ]
    proof = subprocess.run(command, capture_output=True, text=True, check=False)
    assert proof.returncode == 0, f"{proof.stdout}\n{proof.stderr}"
    result = json.loads((tmp_path / "latest" / "result.json").read_text())
    assert result["passed"] is True
    assert result["threshold"] == 8
    assert [(step["processes"], step["reached_pods"]) for step in result["steps"]] == [(7, 1), (8, 2), (0, 1)]
    assert result["runs"]["accepted"] == result["runs"]["completed"] > 0
    assert (result["runs"]["lost"], result["runs"]["duplicated"]) == (0, 0)
