"""The chart of a node proof: processes, pods, nodes and the pods that wait for one, on one time axis."""

from matplotlib.figure import Figure

from patchbay_loadtests.core.report.chart import DESIRED, IDLE, PROCESSES, READY
from patchbay_loadtests.core.report.panels import WARNING, Line, draw_lines, draw_spans, png
from patchbay_loadtests.nodes.timeline import NodeTimeline


def nodes_png(timeline: NodeTimeline) -> bytes:
    """The record as a PNG of 1500 x 1275 pixels; phases are shaded while their load is on."""
    figure = Figure(figsize=(10, 8.5), dpi=150, layout="constrained")
    figure.suptitle(f"{timeline.shape}: nodes follow pods that do not fit", fontsize=12)
    panels = figure.subplots(4, 1, sharex=True)
    samples, looks = timeline.samples, timeline.looks
    times = [sample.at for sample in samples]
    looked = [look.at for look in looks]
    draw_lines(
        panels[0],
        "processes",
        [Line("waiting + running", times, [sample.processes for sample in samples], PROCESSES)],
    )
    draw_lines(
        panels[1],
        "pods",
        [
            Line("desired by the HPA", times, [sample.steered.desired for sample in samples], DESIRED, width=1.4),
            Line("ready", times, [sample.steered.ready for sample in samples], READY, width=2.4),
            Line("placeholders", looked, [look.placeholders for look in looks], IDLE, ":"),
        ],
    )
    draw_lines(
        panels[2],
        "nodes",
        [
            Line("wanted by the autoscaler", looked, _wanted(timeline), DESIRED, width=1.4),
            Line("registered", looked, [look.nodes for look in looks], IDLE, "--"),
            Line("Ready", looked, [look.ready for look in looks], READY, width=2.4),
        ],
    )
    draw_lines(
        panels[3],
        "pods without\na node",
        [Line("workers and placeholders", looked, [look.pending for look in looks], WARNING)],
    )
    draw_spans(list(panels), [(phase.name, phase.change, phase.fall) for phase in timeline.phases])
    panels[3].set_xlabel("seconds")
    panels[3].set_xlim(0, max(times, default=1))
    figure.align_ylabels(list(panels))
    return png(figure)


def _wanted(timeline: NodeTimeline) -> list[int | None]:
    """The autoscaler counts its groups' nodes, which may be others too: only its changes say something here."""
    first = next((look.wanted for look in timeline.looks if look.wanted is not None), 0)
    offset = len(timeline.start_nodes) - first
    return [None if look.wanted is None else look.wanted + offset for look in timeline.looks]
