"""Makes a plan or a calibration of files, and keeps it."""

import json
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel
from rich.console import Console

from patchbay_operations.capacity.calibration.chart import calibration_png
from patchbay_operations.capacity.calibration.compare import Calibration, calibrated, print_calibration
from patchbay_operations.capacity.calibration.measured import read_report
from patchbay_operations.capacity.chart import plan_png
from patchbay_operations.capacity.console import print_plan
from patchbay_operations.capacity.machines import Machines, load_machines
from patchbay_operations.capacity.plan import make_plan
from patchbay_operations.capacity.profile import load_profile
from patchbay_operations.capacity.simulation.setting import Environment
from patchbay_operations.capacity.stack_file import load_environment
from patchbay_operations.capacity.timing import CalibrationFile, load_timing


@dataclass(frozen=True)
class PlanOptions:
    """What the command was told, beside the profile or the report."""

    stack_file: Path
    cluster: str | None
    machines: Path | None
    prices: Path | None
    calibration: Path | None
    seed: int
    directory: Path


def plan(profile: Path, options: PlanOptions, console: Console) -> None:
    """Write `plan.json` and `plan.png`, and show the plan; InputError where a file is refused."""
    machines, environment = _environment(options)
    source = f"{machines.prices.source}, {machines.prices.date}"
    made = make_plan(
        load_profile(profile), environment, load_timing(options.calibration), seed=options.seed, prices=source
    )
    options.directory.mkdir(parents=True, exist_ok=True)
    (options.directory / "plan.png").write_bytes(plan_png(made))
    _write_json(options.directory / "plan.json", made)
    print_plan(console, made)


def calibrate(report: Path, options: PlanOptions, console: Console) -> None:
    """Write `calibration.json`, `.yaml` and `.png`, and show what was found; InputError where a file is refused."""
    _, environment = _environment(options)
    measured = read_report(report)
    found = calibrated(measured, environment, load_timing(options.calibration))
    options.directory.mkdir(parents=True, exist_ok=True)
    (options.directory / "calibration.png").write_bytes(calibration_png(found))
    _write_json(options.directory / "calibration.json", found)
    (options.directory / "calibration.yaml").write_text(_as_file(found))
    print_calibration(console, found)


def _environment(options: PlanOptions) -> tuple[Machines, Environment]:
    machines = load_machines(options.machines, options.prices)
    return machines, load_environment(options.stack_file, machines, cluster=options.cluster)


def _write_json(path: Path, kept: BaseModel) -> None:
    path.write_text(json.dumps(kept.model_dump(mode="json"), indent=2) + "\n")


def _as_file(found: Calibration) -> str:
    document = CalibrationFile(
        measured_in=found.measured_in, fitted=found.fitted, error_pods=found.after.ready_pods, timing=found.timing
    )
    return yaml.safe_dump(document.model_dump(mode="json", by_alias=True), sort_keys=False)
