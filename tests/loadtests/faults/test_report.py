"""The report that people read."""

import json
from pathlib import Path

from patchbay_loadtests.core.report.faults import write_faults
from patchbay_loadtests.faults.judging.fault import judge_fault
from patchbay_loadtests.faults.judging.result import judge

from tests.loadtests.faults.records import record, steady


def test_the_report_tells_every_fault_and_what_went_wrong(tmp_path: Path) -> None:
    orders, endings = steady(outage=range(3))
    good, seconds = judge_fault(record(orders, endings, notes=("killed <worker-a>",)))
    bad, _ = judge_fault(record(orders, endings, name="redis-away", alert="RedisDown", alert_fired=None))
    result = judge((good, bad), late_duplicates=(), versions={"kubernetes": "v1"}, config={"runs": 100})
    write_faults(tmp_path, result, {"worker-killed": seconds, "redis-away": seconds})
    page = (tmp_path / "report.html").read_text()
    assert "alert RedisDown did not fire" in page
    assert "killed &lt;worker-a&gt;" in page
    assert 'href="result.json"' in page
    assert json.loads((tmp_path / "result.json").read_text()) == result.model_dump(mode="json")
    assert len(json.loads((tmp_path / "timeline.json").read_text())["worker-killed"]) == 50
    assert (tmp_path / "timeline.png").read_bytes().startswith(b"\x89PNG")
