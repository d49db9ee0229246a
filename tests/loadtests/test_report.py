"""The report of a recorded proof."""

import io
import json
from pathlib import Path

from patchbay_loadtests.core.console import print_verdict
from patchbay_loadtests.core.ledger import LOST, RunsVerdict
from patchbay_loadtests.core.report.publish import new_directory, point_latest_to, write_proof
from patchbay_loadtests.proof.result import Result, judge
from patchbay_loadtests.proof.timeline import Timeline
from rich.console import Console

from tests.loadtests.recorded import Recorder, good_record, pods, repeats

PNG = b"\x89PNG\r\n\x1a\n"
RUNS = RunsVerdict(accepted=4, completed=4, duplicated=0, lost=0)


def result_of(recorder: Recorder, runs: RunsVerdict = RUNS) -> Result:
    return judge(recorder.timeline(), runs, versions={"keda": "<2.20>"}, config={"host": "http://127.0.0.1"})


def test_result_json_has_the_agreed_form(tmp_path: Path) -> None:
    recorder = good_record()
    write_proof(tmp_path, result_of(recorder), recorder.timeline())
    result = json.loads((tmp_path / "result.json").read_text())
    assert {"threshold", "passed", "steps", "runs", "versions"} <= result.keys()
    step_keys = {
        "shape", "processes", "expected_pods", "reached_pods", "desired_seconds", "ready_seconds", "passed",
    }  # fmt: skip
    assert all(step_keys <= step.keys() for step in result["steps"])
    assert {"accepted", "completed", "duplicated", "lost"} <= result["runs"].keys()
    assert (result["threshold"], result["passed"]) == (8, True)


def test_the_page_needs_nothing_beside_it_and_shows_verdict_steps_and_legs(tmp_path: Path) -> None:
    recorder = good_record()
    write_proof(tmp_path, result_of(recorder), recorder.timeline())
    page = (tmp_path / "report.html").read_text()
    assert "data:image/png;base64," in page
    assert 'src="http' not in page
    assert "<link" not in page
    assert "<script" not in page
    assert "passed</span>" in page
    assert "http-connector" in page
    assert "readiness" in page
    assert "&lt;2.20&gt;" in page
    assert (tmp_path / "timeline.png").read_bytes().startswith(PNG)


def test_a_failed_proof_says_why_on_its_page(tmp_path: Path) -> None:
    recorder = Recorder()
    recorder.look(30, 7, pods(2))
    recorder.step(0.0, 7)
    runs = RunsVerdict(accepted=2, completed=1, duplicated=0, lost=1, faults={LOST: ("order-1/2",)})
    write_proof(tmp_path, result_of(recorder, runs), recorder.timeline())
    page = (tmp_path / "report.html").read_text()
    assert "failed</span>" in page
    assert "scaled too far: 2 pods at 7 processes" in page
    assert "order-1/2" in page


def test_page_and_terminal_show_the_time_from_the_order_and_of_how_many_scale_ups_it_is(tmp_path: Path) -> None:
    recorder = good_record()
    repeats(recorder, 2, ready_after=10)
    since = recorder.at
    recorder.look(30, 8, pods(2, ready=1))
    recorder.repeat(since, 8)
    result = result_of(recorder)
    write_proof(tmp_path, result, recorder.timeline())
    page = (tmp_path / "report.html").read_text()
    assert "Order until the second pod is Ready: p50 10.0 s, p95 10.0 s, over 3 of 4 scale-ups driven" in page
    output = io.StringIO()
    print_verdict(Console(file=output, width=160), result)
    (line,) = [line for line in output.getvalue().splitlines() if "order until second pod Ready" in line]
    assert [cell.strip() for cell in line.strip("│").split("│")] == [
        "order until second pod Ready, 3 of 4 driven", "10.0 s", "10.0 s", "",
    ]  # fmt: skip


def test_a_record_gives_the_same_verdict_when_it_is_read_again(tmp_path: Path) -> None:
    recorder = good_record()
    result = result_of(recorder)
    write_proof(tmp_path, result, recorder.timeline())
    read = Timeline.model_validate_json((tmp_path / "timeline.json").read_text())
    assert judge(read, RUNS, versions=result.versions, config=result.config) == result


def test_latest_names_the_newest_report_and_older_ones_stay(tmp_path: Path) -> None:
    first = new_directory(tmp_path / "reports")
    point_latest_to(first)
    second = new_directory(tmp_path / "reports")
    assert first != second
    point_latest_to(second)
    latest = tmp_path / "reports" / "latest"
    assert latest.resolve() == second
    assert first.is_dir()
    assert sorted(path.name for path in latest.parent.iterdir()) == sorted([first.name, second.name, "latest"])
