"""Objectives for tests: how quick this machine is just now says nothing."""

from pathlib import Path

import yaml
from patchbay_loadtests.core.objectives import SLO

LIMIT_SECONDS = 600


def patient_objectives(profile: str, directory: Path) -> Path:
    """A file for `--slo` that gives this profile, and whoever sends it, all the time that they may need."""
    objectives = yaml.safe_load(SLO.read_text())
    objectives["load"][profile] = dict.fromkeys(objectives["load"][profile], LIMIT_SECONDS)
    objectives["generator"]["late_p95_seconds"] = LIMIT_SECONDS
    file = directory / "slo.yaml"
    file.write_text(yaml.safe_dump(objectives))
    return file
