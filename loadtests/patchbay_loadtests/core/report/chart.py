"""The chart of a proof: processes above, pods below, on one time axis."""

from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, MultipleLocator

from patchbay_loadtests.proof.timeline import Timeline

PROCESSES, DESIRED, READY, IDLE, THRESHOLD = "#1f5fa8", "#d9822b", "#2e8b57", "#8a8f98", "#c2c7cf"
BAND = "#f1f4f8"


def timeline_png(timeline: Timeline) -> bytes:
    """The record, without its repeats, as a PNG of 1500 x 825 pixels."""
    edges = tuple(step for step in timeline.steps if step.kind == "edge")
    end = edges[-1].end if edges else float("inf")
    shown = tuple(sample for sample in timeline.samples if sample.at <= end)
    timeline = timeline.model_copy(update={"steps": edges, "samples": shown})
    figure = Figure(figsize=(10, 5.5), dpi=150, layout="constrained")
    figure.suptitle(f"{timeline.shape}: pods follow processes, one more at every {timeline.threshold}", fontsize=12)
    processes, pods = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    _draw_processes(processes, timeline)
    _draw_pods(pods, timeline)
    for axes in (processes, pods):
        _draw_steps(axes, timeline)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_ylim(bottom=0)
    processes.yaxis.set_major_locator(MultipleLocator(timeline.threshold))
    pods.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    pods.set_xlabel("seconds")
    pods.set_xlim(0, max((sample.at for sample in timeline.samples), default=1))
    figure.align_ylabels([processes, pods])
    image = BytesIO()
    figure.savefig(image, format="png")
    return image.getvalue()


def _draw_processes(axes: Axes, timeline: Timeline) -> None:
    times = [sample.at for sample in timeline.samples]
    counts = [sample.processes for sample in timeline.samples]
    top = max([*counts, timeline.threshold])
    for level in range(timeline.threshold, top + 1, timeline.threshold):
        axes.axhline(level, color=THRESHOLD, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    axes.step(times, counts, where="post", color=PROCESSES, linewidth=1.8, zorder=3)
    axes.fill_between(times, counts, step="post", color=PROCESSES, alpha=0.12, zorder=2)
    axes.set_ylabel("processes\n(waiting + running)")
    # Room for the steps' labels above the line.
    axes.set_ylim(top=top * 1.25)


def _draw_pods(axes: Axes, timeline: Timeline) -> None:
    times = [sample.at for sample in timeline.samples]
    lines = [
        ("desired by the HPA", [sample.steered.desired for sample in timeline.samples], DESIRED, "-", 1.6),
        ("ready", [sample.steered.ready for sample in timeline.samples], READY, "-", 2.4),
    ]
    if timeline.idle_shape is not None:
        idle = [0 if sample.idle is None else sample.idle.ready for sample in timeline.samples]
        lines.append((f"ready, idle shape {timeline.idle_shape}", idle, IDLE, ":", 1.6))
    for label, values, color, style, width in lines:
        axes.step(times, values, where="post", color=color, linestyle=style, linewidth=width, label=label, zorder=3)
    axes.set_ylabel("pods")
    top = max((max(sample.steered.desired, sample.steered.ready) for sample in timeline.samples), default=1)
    # The legend stands above the lines.
    axes.set_ylim(top=top + max(1.5, top * 0.45))
    axes.legend(loc="upper left", ncols=3, frameon=False, fontsize=9)


def _draw_steps(axes: Axes, timeline: Timeline) -> None:
    label = axes.get_ylabel().startswith("processes")
    for number, step in enumerate(timeline.steps):
        if number % 2 == 0:
            axes.axvspan(step.change, step.end, color=BAND, zorder=0)
        if label:
            axes.text(
                (step.change + step.end) / 2,
                axes.get_ylim()[1] * 0.98,
                f"{step.processes}",
                ha="center",
                va="top",
                fontsize=11,
                fontweight="bold",
                color=PROCESSES,
            )
