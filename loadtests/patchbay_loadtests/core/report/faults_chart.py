"""The chart: the service before, during and after each fault."""

import math
from collections.abc import Mapping, Sequence
from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from patchbay_loadtests.faults.judging.result import FaultResult, Result
from patchbay_loadtests.faults.judging.service import Second

WAIT, DISTURBED, CAUSE, BACK = "#1f5fa8", "#b3372b", "#f6e3c5", "#2e8b57"
_COLUMNS = 3


def timeline_png(result: Result, timelines: Mapping[str, Sequence[Second]]) -> bytes:
    """A panel a fault: the p95 from due to completed, disturbed orders, the cause's time and the recovery."""
    rows = max(1, math.ceil(len(result.faults) / _COLUMNS))
    figure = Figure(figsize=(13, 2.4 * rows + 0.6), dpi=110, layout="constrained")
    figure.suptitle("The service during each fault: p95 from order to completion (s), and disturbed orders per second")
    panels = figure.subplots(rows, _COLUMNS, squeeze=False).flat
    for fault, panel in zip(result.faults, panels, strict=False):
        _draw(panel, fault, timelines.get(fault.name, ()))
    for panel in list(figure.axes)[len(result.faults) : rows * _COLUMNS]:
        panel.set_visible(False)
    image = BytesIO()
    figure.savefig(image, format="png")
    return image.getvalue()


def _draw(panel: Axes, fault: FaultResult, seconds: Sequence[Second]) -> None:
    panel.set_title(fault.name, fontsize=10, color="black" if fault.passed else DISTURBED, loc="left")
    panel.axvspan(0, max(fault.cause_seconds, 0.7), color=CAUSE, zorder=0)
    if fault.recovery_seconds is not None:
        panel.axvline(fault.cause_seconds + fault.recovery_seconds, color=BACK, linestyle=":", linewidth=1.5)
    waits = [(second.at, second.p95_seconds) for second in seconds if second.p95_seconds is not None]
    panel.plot([at for at, _ in waits], [wait for _, wait in waits], color=WAIT, linewidth=1.3)
    panel.set_ylim(bottom=0, top=max([1.0, *(wait * 1.1 for _, wait in waits)]))
    panel.tick_params(labelsize=8)
    panel.spines[["top"]].set_visible(False)
    errors = panel.twinx()
    errors.bar(
        [second.at for second in seconds],
        [second.disturbed for second in seconds],
        width=1.0,
        color=DISTURBED,
        alpha=0.45,
    )
    errors.set_ylim(0, max([10, *(second.orders * 1.05 for second in seconds)]))
    errors.tick_params(labelsize=8, colors=DISTURBED)
    errors.spines[["top"]].set_visible(False)
