"""Writes a report into its directory."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from patchbay_loadtests.core.report.publish import write_json
from patchbay_loadtests.faults.judging.result import Result
from patchbay_loadtests.faults.judging.service import Second
from patchbay_loadtests.faults.report.chart import timeline_png


def write_report(directory: Path, result: Result, timelines: Mapping[str, Sequence[Second]]) -> None:
    """The report's files; `timeline.json` has every second of every fault."""
    chart = timeline_png(result, timelines)
    (directory / "timeline.png").write_bytes(chart)
    shown = {name: [second.model_dump() for second in seconds] for name, seconds in timelines.items()}
    (directory / "timeline.json").write_text(json.dumps(shown))
    (directory / "report.html").write_text(report_html(result, chart, datetime.now(UTC)))
    write_json(directory / "result.json", result.model_dump(mode="json"))


def report_html(result: Result, chart: bytes, finished: datetime) -> str:
    """One page that needs nothing beside it; `chart` is a PNG."""
    environment = Environment(
        loader=PackageLoader("patchbay_loadtests.faults.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        result=result, chart=b64encode(chart).decode(), finished=finished.strftime("%Y-%m-%d %H:%M:%S UTC")
    )
