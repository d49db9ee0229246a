"""The quickest five faults, on the environment that `make up` brought up."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from patchbay_loadtests.faults.catalogue.faults import SHORT

# A rate that leaves a small machine room to recover.
RATE, RUNS = 10, 500
# Little longer than the service has to be good again to count as recovered. `make faults` looks for later relapses.
CALM_AFTER = 12


@pytest.mark.alone
@pytest.mark.timeout(1800)
def test_nothing_is_lost_or_done_twice_while_something_fails(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "patchbay_loadtests", "faults", "run", "--short", f"--report={tmp_path}"]
    command += [f"--rate={RATE}", f"--runs={RUNS}", f"--calm-after={CALM_AFTER}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    result = json.loads((tmp_path / "latest" / "result.json").read_text())
    assert result["passed"] is True
    assert [fault["name"] for fault in result["faults"]] == [fault.name for fault in SHORT]
    for fault in result["faults"]:
        runs = fault["runs"]
        assert runs["accepted"] == runs["completed"] > 0
        assert (runs["lost"], runs["duplicated"], runs["dead_lettered"]) == (0, 0, 0)
        assert fault["alert_fired"] is True
        assert fault["recovery_seconds"] is not None
