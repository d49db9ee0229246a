"""What the charts of several panels have in common."""

from collections.abc import Sequence
from io import BytesIO
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from patchbay_loadtests.core.report.chart import BAND

WARNING = "#b3372b"


class Line(NamedTuple):
    """A stepped line; a value of None leaves a gap."""

    label: str
    times: Sequence[float]
    values: Sequence[float | None]
    color: str
    style: str = "-"
    width: float = 1.8


def draw_lines(axes: Axes, ylabel: str, lines: Sequence[Line], *, whole: bool = True) -> None:
    """A panel of stepped lines with its legend above them."""
    top = 1.0
    for line in lines:
        values = [float("nan") if value is None else value for value in line.values]
        axes.step(
            line.times,
            values,
            where="post",
            color=line.color,
            linestyle=line.style,
            linewidth=line.width,
            label=line.label,
            zorder=3,
        )
        top = max([top, *(value for value in line.values if value is not None)])
    axes.set_ylabel(ylabel)
    axes.set_ylim(0, top * 1.45)
    if whole:
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper left", ncols=4, frameon=False, fontsize=9)


def draw_spans(panels: Sequence[Axes], spans: Sequence[tuple[str, float, float]]) -> None:
    """Shade every named span of time, and put its name above the first panel."""
    for name, begin, end in spans:
        for axes in panels:
            axes.axvspan(begin, end, color=BAND, zorder=0)
        panels[0].annotate(
            name,
            ((begin + end) / 2, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=9,
        )


def png(figure: Figure) -> bytes:
    """The figure as a PNG."""
    image = BytesIO()
    figure.savefig(image, format="png")
    return image.getvalue()
