"""Simulated and measured in one chart."""

from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from patchbay_operations.capacity.calibration.compare import Calibration
from patchbay_operations.capacity.chart import BLUE, GREEN, ORANGE


def calibration_png(found: Calibration) -> bytes:
    """The lines as a PNG, 1500 pixels wide; nodes where they were recorded."""
    nodes = found.measured.nodes is not None and found.simulated.nodes is not None
    rows = 3 if nodes else 2
    figure = Figure(figsize=(10, 2.6 * rows + 0.4), dpi=150, layout="constrained")
    figure.suptitle(
        f"{found.shape}: simulated and measured, mean absolute error {found.after.ready_pods:.2f} pods", fontsize=12
    )
    parts = figure.subplots(rows, 1, sharex=True)
    parts[0].step(found.measured.at, found.measured.processes, where="post", color=BLUE, label="processes, measured")
    _pair(parts[1], found, "ready", GREEN)
    _pair(parts[1], found, "desired", ORANGE)
    parts[1].set_ylabel("pods")
    if nodes:
        _pair(parts[2], found, "nodes", BLUE)
        parts[2].set_ylabel("nodes")
    parts[0].set_ylabel("processes")
    for axes in parts:
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes.set_ylim(bottom=0, top=max(axes.get_ylim()[1] * 1.35, 1))
        axes.legend(loc="upper left", ncols=4, frameon=False, fontsize=8)
    parts[-1].set_xlabel("seconds")
    figure.align_ylabels(list(parts))
    image = BytesIO()
    figure.savefig(image, format="png")
    return image.getvalue()


def _pair(axes: Axes, found: Calibration, line: str, color: str) -> None:
    width = 1.0 if line == "desired" else 1.8
    for lines, name, style in ((found.measured, "measured", "-"), (found.simulated, "simulated", "--")):
        axes.step(
            lines.at,
            getattr(lines, line),
            where="post",
            color=color,
            linestyle=style,
            linewidth=width,
            alpha=0.65 if name == "measured" else 1.0,
            label=f"{line}, {name}",
        )
