"""`faults run` where nothing is left to be run: by an earlier report, or by the options."""

from pathlib import Path

import pytest
from patchbay_loadtests.commands.faults import app
from patchbay_loadtests.faults.catalogue.faults import FAULTS, SHORT
from patchbay_loadtests.faults.judging.fault import judge_fault
from patchbay_loadtests.faults.judging.result import judge
from typer.testing import CliRunner

from tests.loadtests.faults.records import record, steady

ONE, OTHER = FAULTS[0].name, FAULTS[1].name


def report(directory: Path, *, planned: tuple[str, ...] = (ONE,), **changes: object) -> None:
    """A set of which the first fault was run."""
    orders, endings = steady()
    fault, _ = judge_fault(record(orders, endings, name=ONE, **changes))
    missing = tuple(name for name in planned if name != ONE)
    config = {"planned": planned, "orders_per_second": 5}
    result = judge((fault,), missing=missing, late_duplicates=(), versions={}, config=config)
    (directory / "latest").mkdir()
    (directory / "latest" / "result.json").write_text(result.model_dump_json())
    (directory / "latest" / "timeline.json").write_text("{}")


def run(directory: Path, *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["run", "--report", str(directory), *options])
    return done.exit_code, done.output


def test_going_on_with_a_set_that_failed_and_has_nothing_left_tells_its_verdict_and_ends_with_1(tmp_path: Path) -> None:
    report(tmp_path, alert_fired=None)
    code, output = run(tmp_path, "--resume")
    assert code == 1
    assert "FAILED: 1 faults" in output
    assert f"{ONE}: alert WorkerGone did not fire" in output
    assert str(tmp_path / "latest" / "report.html") in output


def test_going_on_with_a_set_that_passed_and_has_nothing_left_ends_with_0(tmp_path: Path) -> None:
    report(tmp_path)
    code, output = run(tmp_path, "--resume")
    assert (code, "passed: 1 faults" in output) == (0, True)


def test_going_on_without_the_faults_that_are_left_tells_that_they_were_not_run(tmp_path: Path) -> None:
    report(tmp_path, planned=(ONE, OTHER))
    code, output = run(tmp_path, "--resume", "--skip", OTHER)
    assert code == 1
    assert f"1 faults were not run: {OTHER}" in output


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--only", ONE, "--skip", ONE), "--only and --skip leave no fault to be run"),
        (("--resume", "--only", ONE, "--skip", ONE), "--only and --skip leave no fault to be run"),
        (("--short", "--skip", ",".join(fault.name for fault in SHORT)), "--short and --skip leave no fault"),
        (("--skip", ",".join(fault.name for fault in FAULTS)), "--skip leave no fault"),
        (("--only", ""), "--only names no fault"),
    ],
    ids=["only", "resumed", "short", "all", "empty"],
)
def test_options_that_leave_nothing_to_run_are_refused_and_named(
    tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    report(tmp_path)
    code, output = run(tmp_path, *options)
    assert code == 2
    assert told in output
