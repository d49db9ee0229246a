"""The files of a comparison."""

import json
from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure

from patchbay_loadtests.comparison.result import Comparison, told
from patchbay_loadtests.comparison.side import DEFAULTS, OURS
from patchbay_loadtests.core.report.chart import READY
from patchbay_loadtests.core.report.page import page
from patchbay_loadtests.core.report.panels import WARNING, Line, draw_lines, draw_spans, png
from patchbay_loadtests.core.report.publish import write_json
from patchbay_loadtests.profiles.timeline import LoadTimeline

COLORS = {OURS: READY, DEFAULTS: WARNING}


def write_comparison(directory: Path, result: Comparison, timelines: Mapping[str, LoadTimeline]) -> None:
    """`timelines`: of the last pair, by name, which `timeline.json` holds."""
    chart = comparison_png(timelines, result.needed_processes)
    (directory / "timeline.png").write_bytes(chart)
    records = {name: timeline.model_dump(mode="json") for name, timeline in timelines.items()}
    (directory / "timeline.json").write_text(json.dumps(records))
    (directory / "report.html").write_text(page("comparison.html", chart, result=result, told=told))
    write_json(directory / "result.json", result.model_dump(mode="json"))


def comparison_png(timelines: Mapping[str, LoadTimeline], needed: float) -> bytes:
    """Both records of a pair from the first order on, in the same panels, as a PNG of 1500 x 1200 pixels."""
    figure = Figure(figsize=(10, 8), dpi=150, layout="constrained")
    figure.suptitle("The same load, scaled in two ways", fontsize=12)
    panels = figure.subplots(4, 1, sharex=True)
    fields = (
        ("processes\nwaiting", "waiting", True),
        ("processes that\ncan run at once", "slots", True),
        ("pods\nready", "steered_ready", True),
        ("oldest process\nwaits (s)", "oldest_wait", False),
    )
    for panel, (label, field, whole) in zip(panels, fields, strict=True):
        lines = [
            Line(
                name,
                [sample.at - timeline.began for sample in timeline.samples],
                [getattr(sample, field) for sample in timeline.samples],
                COLORS[name],
            )
            for name, timeline in timelines.items()
        ]
        draw_lines(panel, label, lines, whole=whole)
        if field == "slots":
            panel.axhline(needed, color="#8a8f98", linewidth=0.8, linestyle=(0, (4, 3)))
    seconds = max(timeline.ended - timeline.began for timeline in timelines.values())
    draw_spans(list(panels), [("orders come", 0, seconds)])
    panels[-1].set_xlabel("seconds")
    looked = max(timeline.samples[-1].at - timeline.began for timeline in timelines.values())
    panels[-1].set_xlim(0, max(seconds, looked))
    figure.align_ylabels(list(panels))
    return png(figure)
