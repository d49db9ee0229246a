"""The files of a run of faults."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from patchbay_loadtests.core.report.faults_chart import timeline_png
from patchbay_loadtests.core.report.page import page
from patchbay_loadtests.core.report.publish import write_json
from patchbay_loadtests.faults.judging.result import Result
from patchbay_loadtests.faults.judging.service import Second


def write_faults(directory: Path, result: Result, timelines: Mapping[str, Sequence[Second]]) -> None:
    """The report's files; `timeline.json` has every second of every fault."""
    chart = timeline_png(result, timelines)
    (directory / "timeline.png").write_bytes(chart)
    shown = {name: [second.model_dump() for second in seconds] for name, seconds in timelines.items()}
    (directory / "timeline.json").write_text(json.dumps(shown))
    (directory / "report.html").write_text(page("faults.html", chart, result=result))
    write_json(directory / "result.json", result.model_dump(mode="json"))
