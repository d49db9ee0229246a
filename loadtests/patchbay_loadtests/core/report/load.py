"""The files of one load."""

from pathlib import Path

from matplotlib.figure import Figure

from patchbay_loadtests.core.report.chart import DESIRED, IDLE, PROCESSES, READY
from patchbay_loadtests.core.report.page import page
from patchbay_loadtests.core.report.panels import WARNING, Line, draw_lines, png
from patchbay_loadtests.core.report.publish import write_json
from patchbay_loadtests.profiles.result import LoadResult, sent_by_second
from patchbay_loadtests.profiles.timeline import LoadTimeline


def write_load(directory: Path, result: LoadResult, timeline: LoadTimeline) -> None:
    """`timeline.json` is the record that the verdict can be reached from again."""
    chart = load_png(timeline)
    (directory / "timeline.png").write_bytes(chart)
    (directory / "timeline.json").write_text(timeline.model_dump_json())
    (directory / "report.html").write_text(page("load.html", chart, result=result))
    write_json(directory / "result.json", result.model_dump(mode="json"))


def load_png(timeline: LoadTimeline) -> bytes:
    """Orders, processes, pods, nodes and waiting time on one time axis, as a PNG of 1500 x 1500 pixels."""
    figure = Figure(figsize=(10, 10), dpi=150, layout="constrained")
    figure.suptitle(f"{timeline.profile}: {timeline.orders} orders", fontsize=12)
    panels = figure.subplots(5, 1, sharex=True)
    samples = timeline.samples
    times = [sample.at for sample in samples]

    def line(label: str, field: str, color: str, style: str = "-", width: float = 1.8) -> Line:
        return Line(label, times, [getattr(sample, field) for sample in samples], color, style, width)

    sent = sent_by_second(timeline)
    seconds = range(int(timeline.began), int(timeline.ended) + 1)
    draw_lines(
        panels[0],
        "orders\na second",
        [
            line("planned by the profile", "offered", IDLE, "--"),
            Line("sent", list(seconds), [sent[second] for second in seconds], PROCESSES),
        ],
        whole=False,
    )
    draw_lines(
        panels[1],
        "processes",
        [line("waiting", "waiting", DESIRED), line("running", "reserved", PROCESSES)],
    )
    draw_lines(
        panels[2],
        "pods of\nall shapes",
        [line("desired", "desired", DESIRED, width=1.4), line("ready", "ready", READY, width=2.4)],
    )
    draw_lines(
        panels[3],
        "nodes",
        [
            line("registered", "nodes", IDLE, "--"),
            line("Ready", "nodes_ready", READY, width=2.4),
            line("pods without a node", "pending", WARNING),
        ],
    )
    draw_lines(
        panels[4],
        "seconds,\norders",
        [line("oldest process waits", "oldest_wait", DESIRED), line("orders refused so far", "refused", WARNING)],
        whole=False,
    )
    panels[4].set_xlabel("seconds")
    panels[4].set_xlim(0, max(times, default=1))
    figure.align_ylabels(list(panels))
    return png(figure)
