"""`python -m patchbay_operations.capacity`."""

import json
from pathlib import Path

import pytest
import yaml
from patchbay_operations.capacity.command import app
from patchbay_operations.capacity.machines import load_machines
from patchbay_operations.capacity.stack_file import load_environment
from typer.testing import CliRunner

from tests.operations.capacity.environments import environment, group
from tests.operations.capacity.records import made_up
from tests.operations.capacity.test_calibration import REAL

STAGING = Path(__file__).resolve().parents[3] / "Pulumi.staging.yaml"


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    load = {"perMinute": {"curve": "burst", "base": 60, "factor": 30}, "seconds": {"mean": 1, "p95": 2}}
    path = tmp_path / "profile.yaml"
    path.write_text(yaml.safe_dump({"name": "example", "hours": 1, "shapes": {"http-connector": load}}))
    return path


def test_a_plan_is_shown_and_kept_with_its_chart(tmp_path: Path, profile: Path) -> None:
    done = CliRunner().invoke(app, [str(profile), "--stack-file", str(STAGING), "--report", str(tmp_path / "plans")])
    assert done.exit_code == 0, done.output
    assert "http-connector" in done.output
    assert "…" not in done.output, "a narrow terminal hides figures"
    kept = tmp_path / "plans"
    plan = json.loads((kept / "plan.json").read_text())
    assert plan["stack"] == "staging"
    assert len(plan["series"]["hour"]) == len(plan["series"]["pods_ready"]) > 100
    assert (kept / "plan.png").read_bytes().startswith(b"\x89PNG")


def test_a_remark_is_shown_with_the_lists_it_advises(tmp_path: Path, profile: Path) -> None:
    stack = yaml.safe_load(STAGING.read_text())
    del stack["config"]["patchbay:platform"]["clusterAutoscaler"]["scaleUp"]
    by_chance = tmp_path / "Pulumi.example.yaml"
    by_chance.write_text(yaml.safe_dump(stack))
    done = CliRunner().invoke(app, [str(profile), "--stack-file", str(by_chance), "--report", str(tmp_path / "plans")])
    assert done.exit_code == 0, done.output
    assert "set expanders: [priority, least-waste]" in " ".join(done.output.split())


def test_a_calibration_serves_later_plans(tmp_path: Path, profile: Path) -> None:
    report = tmp_path / "proof"
    report.mkdir()
    (report / "timeline.json").write_text(made_up(environment(group(min_nodes=4)), REAL, rises=4).model_dump_json())
    (report / "result.json").write_text("{}")
    where = ["--stack-file", str(STAGING), "--report", str(tmp_path / "plans")]
    done = CliRunner().invoke(app, ["--calibrate", str(report), *where])
    assert done.exit_code == 0, done.output
    assert "mean absolute error after" in done.output
    kept = tmp_path / "plans"
    assert (kept / "calibration.png").read_bytes().startswith(b"\x89PNG")
    done = CliRunner().invoke(app, [str(profile), "--calibration", str(kept / "calibration.yaml"), *where])
    assert done.exit_code == 0, done.output
    timing = json.loads((tmp_path / "plans" / "plan.json").read_text())["timing"]
    assert timing["pod_start_seconds"] == pytest.approx(REAL.pod_start_seconds, abs=0.3)


@pytest.mark.parametrize("options", [[], [""], ["--calibrate", "reports/none", "profile.yaml"]])
def test_neither_or_both_of_profile_and_report_is_told(options: list[str]) -> None:
    done = CliRunner().invoke(app, [*options, "--stack-file", str(STAGING)])
    assert done.exit_code == 2
    assert "give a profile to plan for, or --calibrate" in done.output


def test_no_profile_and_no_stack_are_told_as_make_plan_takes_them(profile: Path) -> None:
    done = CliRunner().invoke(app, ["", "--stack-file", str(STAGING)])
    assert done.exit_code == 2
    assert "PROFILE=FILE" in done.output
    done = CliRunner().invoke(app, [str(profile), "--stack-file", "Pulumi..yaml"])
    assert done.exit_code == 2
    assert "no stack is named; give it as STACK=NAME" in done.output


def test_an_empty_profile_leaves_a_calibration_alone(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["", "--calibrate", str(tmp_path / "none"), "--stack-file", str(STAGING)])
    assert done.exit_code == 2
    assert str(tmp_path / "none") in "".join(done.output.split())


def test_a_bad_profile_ends_with_2_and_its_field(tmp_path: Path) -> None:
    bad = tmp_path / "profile.yaml"
    bad.write_text("name: example\nshapes: {map: {perMinute: {curve: steady, base: 1}}}")
    done = CliRunner().invoke(app, [str(bad), "--stack-file", str(STAGING)])
    assert done.exit_code == 2
    assert "shapes.map.seconds: missing; add it" in done.output


def test_an_environments_own_prices_lie_over_those_that_come_along_and_the_bill_names_both(
    tmp_path: Path, profile: Path
) -> None:
    own = tmp_path / "prices.yaml"
    prices = {"perHour": {"eu-central-1": {"m7i.large": 7.0}}, "spotShare": 0.5}
    own.write_text(yaml.safe_dump({"source": "example contract", "date": "2026-11-22", **prices}))
    arguments = ["--stack-file", str(STAGING), "--prices", str(own), "--report", str(tmp_path / "plans")]
    done = CliRunner().invoke(app, [str(profile), *arguments])
    assert done.exit_code == 0, done.output
    bill = json.loads((tmp_path / "plans" / "plan.json").read_text())["cost"]
    table = load_machines(None).prices
    assert bill["prices"] == f"example contract, 2026-11-22; otherwise {table.source}, {table.date}"
    assert [item["usd_per_hour"] for item in bill["items"] if item["capacity"] == "on-demand"] == [7.0, 7.0]
    others = [table.per_hour["eu-central-1"][name] for name in ("m6i.large", "m5.large", "m7a.large")]
    spot = next(item for item in bill["items"] if item["capacity"] == "spot")
    assert spot["usd_per_hour"] == pytest.approx((7.0 + sum(others)) / 4 * 0.5, abs=1e-5)


def test_a_table_of_ones_own_takes_the_place_of_the_one_that_comes_along(tmp_path: Path) -> None:
    machines = load_machines(None)
    dearer = machines.model_dump(mode="json", by_alias=True)
    dearer["prices"]["perHour"]["eu-central-1"] = dict.fromkeys(machines.sizes.types, 7.0)
    own = tmp_path / "machines.yaml"
    own.write_text(yaml.safe_dump(dearer))
    found = load_environment(STAGING, load_machines(own))
    assert found.groups[0].usd_per_hour == 7.0
