"""The node proof's files."""

from pathlib import Path

from patchbay_loadtests.core.report.nodes_chart import nodes_png
from patchbay_loadtests.core.report.page import page
from patchbay_loadtests.core.report.publish import write_json
from patchbay_loadtests.nodes.legs import IN_LEGS, OUT_LEGS
from patchbay_loadtests.nodes.result import NodeResult
from patchbay_loadtests.nodes.timeline import NodeTimeline


def write_node_proof(directory: Path, result: NodeResult, timeline: NodeTimeline) -> None:
    """`timeline.json` is the record that the verdict can be reached from again."""
    chart = nodes_png(timeline)
    (directory / "timeline.png").write_bytes(chart)
    (directory / "timeline.json").write_text(timeline.model_dump_json())
    html = page("nodes.html", chart, result=result, out_legs=OUT_LEGS, in_legs=IN_LEGS)
    (directory / "report.html").write_text(html)
    write_json(directory / "result.json", result.model_dump(mode="json"))
